// A blob store that takes five seconds for every chunk is the trouble of who spills, and of nobody else.
#include "faults/journal.hpp"
#include "faults/load.hpp"
#include "support/cluster_case.hpp"
#include "support/large_files.hpp"
#include "support/programs.hpp"

#include <outsize/suite/patience.hpp>
#include <outsize/wire/limits.hpp>

#include <iostream>

using namespace outsize;
using namespace outsize::test;
using nlohmann::json;

namespace {

constexpr auto chunk_delay = std::chrono::seconds(5); // the store's default
constexpr duration gap_max = suite::time_factor * std::chrono::seconds(1);
/// One more than the store has threads for uploads.
constexpr int appends = 3;

/// The log "bulk" spills into the slow store; "orders" stays under reject.
void configure(cluster &nodes) {
  for (const char *node : node_names) {
    nodes.options(node).more =
        "[plugins]\nsearch-path = [\"" + std::string(plugin_folder) + "\", \"" + OUTSIZE_SLOW_BLOB_FOLDER + R"("]

[[size-policy]]
name = "spill"
plugin = "spill"
applies-above = "64KiB"
[size-policy.params]
blob-store = "slow"

[[blob-store]]
name = "slow"
plugin = "slow-blob"
[blob-store.params]
directory = "blobs"

[[log]]
name = "bulk"
sequencer = "n3"
nodeset = ["n1", "n2", "n3"]
policies = ["spill"]
)";
  }
}

json slow_store(const cluster &nodes) {
  return nodes.status("n3").at("blob_stores").at(0);
}

faults::load_options small_records(const cluster &nodes, const std::string &log, std::uint64_t seed) {
  faults::load_options made;
  made.log = log;
  made.seed = seed;
  made.largest_bytes = 16 * wire::kib;
  made.pause = std::chrono::milliseconds(5);
  for (const char *node : node_names) {
    made.addresses.push_back(nodes.address(node));
  }
  return made;
}

void check_undisturbed(const std::string &log, faults::load &of) {
  const faults::load_report seen = of.report();
  std::cout << "slow blob store: longest gap of log " << log << " "
            << std::chrono::duration_cast<std::chrono::milliseconds>(seen.longest_gap).count() << " ms" << std::endl;
  CHECK(seen.longest_gap < gap_max);
  CHECK(seen.failures == std::vector<std::string>{});
  CHECK(of.finish(steady_now() + patience));
}

} // namespace

CLUSTER_CASE("slow blob store") {
  cluster nodes(kind);
  configure(nodes);
  nodes.start_all();
  nodes.await_open("bulk");
  await("the store has its marker", [&] { return slow_store(nodes).at("state") == "ready"; });
  faults::journal of_orders;
  faults::journal of_bulk;
  faults::load orders(small_records(nodes, "orders", 1), of_orders);
  faults::load bulk(small_records(nodes, "bulk", 2), of_bulk);
  const std::string file = nodes.path("record");
  make_file(file, 300 * wire::kib, 1);
  for (faults::load *one : {&orders, &bulk}) {
    REQUIRE(one->await_acknowledged(100, steady_now() + patience));
    one->forget_gaps();
  }

  const time_point begun = steady_now();
  std::vector<std::unique_ptr<child_process>> running;
  for (int i = 0; i < appends; ++i) {
    running.push_back(nodes.begin_outsize(node_names[i], {"append", "bulk", file, "--json"}));
  }
  await("all are being uploaded", [&] { return slow_store(nodes).at("uploads") == appends; });
  std::vector<json> answers;
  for (const auto &append : running) {
    const auto done = append->collect(steady_now() + patience);
    REQUIRE(done.has_value());
    INFO(done->err);
    REQUIRE(done->exit_code == 0);
    answers.push_back(json::parse(done->out));
    CHECK(answers.back().at("stored") == "spilled");
  }
  CHECK(steady_now() - begun >= 2 * chunk_delay); // it was slow
  check_undisturbed("orders", orders);
  check_undisturbed("bulk", bulk);
  CHECK(slow_store(nodes).at("failures") == json::object());

  const std::string folder = nodes.path("read");
  const std::string offset = answers.front().at("offset").dump();
  CHECK(nodes.outsize("n1", {"read", "bulk", "--from", offset, "--to", offset, "--output-dir", folder}).exit_code == 0);
  CHECK(same_files(folder + "/" + offset, file));
  nodes.shut_down();
}
