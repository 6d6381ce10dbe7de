// Records over the limit under split and spill: the seed case and its kin, and what they cost.
#include "support/cluster_case.hpp"
#include "support/large_files.hpp"

#include <outsize/suite/patience.hpp>
#include <outsize/wire/codec.hpp>
#include <outsize/wire/limits.hpp>

#include <iostream>
#include <map>

using namespace outsize;
using namespace outsize::test;
using nlohmann::json;

namespace {

enum class policy { split, spill };

void use(policy which, cluster &nodes) {
  if (which == policy::split) {
    use_split(nodes);
  } else {
    use_spill(nodes);
  }
}

void check_stored(policy which, const json &answer, std::uint64_t bytes) {
  if (which == policy::split) {
    CHECK(answer.at("stored") == "split");
    CHECK(answer.at("fragments") == (bytes + wire::mib - 1) / wire::mib);
  } else {
    CHECK(answer.at("stored") == "spilled");
    CHECK(answer.at("store") == "archive");
  }
}

/// Everything commits, nothing is sent again for its size, and every node reads every record back.
void check_seed_case(cluster_kind kind, policy which) {
  cluster nodes(kind);
  use(which, nodes);
  nodes.start_all();
  const std::string large = nodes.path("large");
  make_file(large, 40 * wire::mib, 1);
  std::vector<std::uint64_t> offsets;
  for (const std::string through : {"n3", "n1", "n2"}) {
    INFO("through " << through);
    const json answer = append_file(nodes, through, large);
    check_stored(which, answer, 40 * wire::mib);
    offsets.push_back(answer.at("offset"));
  }
  client_session client = nodes.connect("n1");
  const std::vector<rope> middling = payloads_of(12, 4 * wire::mib);
  std::map<wire::offset_t, wire::digest> kept;
  const auto append_all = [&](const std::vector<rope> &payloads) {
    const std::vector<wire::append_result> answers = client.append_all("orders", payloads);
    for (std::size_t i = 0; i < payloads.size(); ++i) {
      REQUIRE(refusal_text(answers[i]) == "");
      CHECK(answers[i].stored == wire::stored_as::inline_);
      kept[answers[i].offset] = wire::digest_of(payloads[i]);
    }
  };
  append_all(middling);
  append_all(payloads_of(1000, 300));

  const json sequencer = sequencer_of(nodes.status("n3"), "orders");
  CHECK(sequencer.at("appends_committed") == 3 + 12 + 1000);
  CHECK(sequencer.at("refused") == json::object());
  check_no_size_failure(sequencer);
  CHECK(sequencer.at("large").at(which == policy::split ? "split" : "spilled") == 3);
  for (const std::string node : node_names) {
    INFO("read from " << node);
    for (const std::uint64_t offset : offsets) {
      CHECK(reads_back(nodes, node, offset, large));
    }
    client_session reader = nodes.connect(node);
    const std::vector<client::read_record> read = reader.read("orders", kept.begin()->first, kept.rbegin()->first);
    CHECK(read.size() == kept.size());
    for (const client::read_record &one : read) {
      CHECK(wire::digest_of(one.payload) == kept.at(one.offset));
    }
    CHECK(reconnects_of(nodes.status(node)) == 0);
  }
  CHECK(nodes.digest("orders").at("conflicts").empty());
  nodes.shut_down();
}

/// Peers at 32, 4 and 4 MiB: the record of 6 MiB commits.
void check_mixed_limits(cluster_kind kind, policy which) {
  cluster nodes(kind);
  use(which, nodes);
  nodes.options("n1").message_limit = "4MiB";
  nodes.options("n2").message_limit = "4MiB";
  nodes.start_all();
  client_session client = nodes.connect("n3");
  for (const wire::append_result &one : client.append_all("orders", payloads_of(12, wire::mib))) {
    REQUIRE(refusal_text(one) == "");
    CHECK(one.stored == wire::stored_as::inline_);
  }
  const std::string large = nodes.path("large");
  make_file(large, 6 * wire::mib, 1);
  for (const std::string through : {"n3", "n1"}) {
    const json answer = append_file(nodes, through, large);
    check_stored(which, answer, 6 * wire::mib);
    for (const std::string node : node_names) {
      CHECK(reads_back(nodes, node, answer.at("offset"), large));
    }
  }
  for (const wire::append_result &one : client.append_all("orders", payloads_of(100, 200))) {
    REQUIRE(refusal_text(one) == "");
  }
  check_no_size_failure(sequencer_of(nodes.status("n3"), "orders"));
  nodes.shut_down();
}

constexpr std::uint64_t gigabyte = 1024 * wire::mib;
/// What a process may need above what it had before.
constexpr std::uint64_t growth_bytes_max = suite::memory_factor * 160 * wire::mib;

/// A record of 1 GiB in and out; no process holds more than a little of it.
void check_gigabyte(cluster_kind kind, policy which) {
  cluster nodes(kind);
  use(which, nodes);
  for (const char *name : node_names) {
    nodes.options(name).log_server = "memory-budget = \"64MiB\""; // RocksDB takes a part of that before the test begins
  }
  nodes.start_all();
  const std::string large = nodes.path("large");
  make_file(large, gigabyte, 1);
  std::map<std::string, std::uint64_t> before;
  for (const std::string name : node_names) {
    nodes.node(name).reset_peak();
    before[name] = nodes.node(name).resident_bytes();
  }
  const json answer = append_file(nodes, "n1", large);
  check_stored(which, answer, gigabyte);
  CHECK(reads_back(nodes, "n2", answer.at("offset"), large));
  for (const std::string name : node_names) {
    const std::uint64_t peak = nodes.node(name).peak_resident_bytes();
    const std::uint64_t growth = peak - std::min(peak, before.at(name));
    std::cout << "one gigabyte [" << name_of(kind) << "]: " << name << " grew by " << growth / wire::mib << " MiB"
              << std::endl;
    CHECK(growth <= growth_bytes_max);
  }
  nodes.shut_down();
}

} // namespace

CLUSTER_CASE("restate-4129 split") {
  check_seed_case(kind, policy::split);
}

CLUSTER_CASE("restate-4129 spill") {
  check_seed_case(kind, policy::spill);
}

CLUSTER_CASE("mixed-limits split") {
  check_mixed_limits(kind, policy::split);
}

CLUSTER_CASE("mixed-limits spill") {
  check_mixed_limits(kind, policy::spill);
}

CLUSTER_CASE("one gigabyte: split") {
  check_gigabyte(kind, policy::split);
}

CLUSTER_CASE("one gigabyte: spill") {
  check_gigabyte(kind, policy::spill);
}
