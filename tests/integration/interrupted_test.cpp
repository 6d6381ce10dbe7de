// Large appends cut off by a kill -9 of their client, of the sequencer or of a log server, at any point, while small
// appends go on in another log.
//
// Environment: as kill_all_test.cpp.
#include "faults/kill_plan.hpp"
#include "faults/stress.hpp"
#include "support/large_files.hpp"

#include <outsize/wire/limits.hpp>

#include <csignal>
#include <map>
#include <random>
#include <set>
#include <sstream>

using namespace outsize;
using namespace outsize::test;
using namespace outsize::faults;
using nlohmann::json;

namespace {

constexpr std::uint64_t record_bytes = 8 * wire::mib; ///< three copies of fifty of them must fit a modest disk
/// The large records go into a log of their own, under `policy`; "orders" stays under reject.
void add_bulk_log(cluster &nodes, const std::string &policy) {
  if (policy == "split") {
    use_split(nodes, "4MiB");
  } else {
    use_spill(nodes, "4MiB");
  }
  for (const char *node : node_names) {
    nodes.options(node).policies = "\"reject\"";
    nodes.options(node).more += "[[log]]\nname = \"bulk\"\nsequencer = \"n3\"\nnodeset = [\"n1\", \"n2\", \"n3\"]\n"
                                "policies = [\"" +
                                policy + "\"]\n\n";
  }
}

class interruption {
public:
  interruption(cluster_kind kind, const std::string &policy, std::uint64_t seed)
      : policy_(policy), random_(seed), cluster_(kind, [&](cluster &nodes) { add_bulk_log(nodes, policy); }) {
    cluster_.nodes.await_open("bulk");
    cluster_.begin_load(seed, {"n1", "n2", "n3"}, std::chrono::milliseconds(5), 16 * wire::kib);
    const time_point begun = steady_now();
    const child_process::output done = cluster_.nodes.outsize("n1", {"append", "bulk", next_file(), "--json"});
    REQUIRE(done.exit_code == 0);
    acknowledged_[json::parse(done.out).at("offset")] = last_digest_;
    kill_within_ = 3 * (steady_now() - begun) / 2;
  }

  void round() {
    const std::string through = node_names[random_() % node_names.size()];
    const auto append = cluster_.nodes.begin_outsize(through, {"append", "bulk", next_file(), "--json"});
    const auto within = std::chrono::duration_cast<std::chrono::microseconds>(kill_within_).count();
    const auto time = std::chrono::microseconds(random_() % static_cast<std::uint64_t>(within));
    (void)cluster_.running->await_acknowledged(SIZE_MAX / 2, steady_now() + time); // never so many: a point in time
    const std::string victim = std::vector<std::string>{"client", "n1", "n2", "n3"}[random_() % 4];
    INFO("killed after " << time.count() << " us: " << victim << ", append through " << through);
    if (victim == "client") {
      append->signal(SIGKILL);
    } else {
      cluster_.kill({victim});
      cluster_.nodes.start({victim});
    }
    const auto done = append->collect(steady_now() + faults::patience);
    REQUIRE(done.has_value());
    if (done->exit_code == 0) {
      acknowledged_[json::parse(done->out).at("offset")] = last_digest_;
    } else if (victim != "client") {
      check_excused(victim == "n3" || victim == through, *done);
    }
    cluster_.await_acknowledged(1);
    cluster_.nodes.await_open("bulk");
  }

  void end() {
    std::map<std::uint64_t, std::string> seen;
    for (const char *node : node_names) {
      const std::map<std::uint64_t, std::string> read = read_all(node);
      seen = seen.empty() ? read : seen;
      CHECK(read == seen);
    }
    std::set<std::string> once;
    for (const auto &[offset, digest] : seen) {
      INFO("offset " << offset);
      CHECK(sent_.contains(digest)); // whole, bit for bit
      CHECK(once.insert(digest).second);
    }
    for (const auto &[offset, digest] : acknowledged_) {
      INFO("acknowledged at offset " << offset);
      REQUIRE(seen.contains(offset));
      CHECK(seen.at(offset) == digest);
    }
    CHECK(!acknowledged_.empty());
    CHECK(acknowledged_.size() < sent_.size()); // the kills did strike
    check_space_is_told(seen.size());
    cluster_.settle();
    cluster_.nodes.shut_down();
  }

private:
  /// A file with a record that was not sent yet; last_digest_ is its.
  std::string next_file() {
    const std::string file = cluster_.nodes.path("record");
    make_file(file, record_bytes, random_());
    last_digest_ = sha256_of(file);
    sent_.insert(last_digest_);
    return file;
  }

  /// The client lives. Two of three log servers are enough; the sequencer, and the node that the client asks, may take
  /// along what became of the last step, and everything before that is sent again.
  static void check_excused(bool last_answer_may_be_lost, const child_process::output &done) {
    INFO(done.out << done.err);
    CHECK(last_answer_may_be_lost);
    CHECK(json::parse(done.out).at("code") == "outcome_unknown");
  }

  /// SHA-256 by offset.
  [[nodiscard]] std::map<std::uint64_t, std::string> read_all(const std::string &node) const {
    const child_process::output done = cluster_.nodes.outsize(node, {"read", "bulk", "--from", "1", "--json"});
    INFO(done.err);
    REQUIRE(done.exit_code == 0);
    std::map<std::uint64_t, std::string> made;
    std::istringstream lines(done.out);
    for (std::string line; std::getline(lines, line);) {
      const json one = json::parse(line);
      CHECK(one.at("bytes") == record_bytes);
      made[one.at("offset")] = one.at("sha256");
    }
    return made;
  }

  /// What dead sets and orphans take is listed.
  void check_space_is_told(std::size_t visible) {
    if (policy_ == "split") {
      std::size_t fragments = 0;
      const json digest = cluster_.nodes.digest("bulk");
      for (const json &segment : digest.at("segments")) {
        fragments += segment.at("uncommitted").at("fragments").get<std::size_t>();
      }
      CHECK(fragments > 0);
      return;
    }
    const child_process::output done = cluster_.nodes.outsize("n1", {"blob", "list", "bulk", "--json"});
    INFO(done.err);
    REQUIRE(done.exit_code == 0);
    std::size_t referenced = 0;
    std::istringstream lines(done.out);
    for (std::string line; std::getline(lines, line);) {
      referenced += json::parse(line).at("state") == "referenced" ? 1 : 0;
    }
    CHECK(referenced == visible);
  }

  std::string policy_;
  std::mt19937_64 random_;
  stress cluster_;
  duration kill_within_{}; ///< half as long again as an append takes that nobody interrupts
  std::string last_digest_;
  std::set<std::string> sent_;
  std::map<std::uint64_t, std::string> acknowledged_;
};

void interrupt(cluster_kind kind, const std::string &policy) {
  kill_plan plan("interrupted: " + policy + " [" + std::string(name_of(kind)) + "]");
  while (const std::optional<kill_set> next = plan.next()) {
    interruption running(kind, policy, next->seed);
    for (std::uint32_t round = 0; round < next->rounds; ++round) {
      INFO("round " << round << " of " << next->rounds << ", seed " << next->seed);
      running.round();
    }
    running.end();
    plan.is_done(*next);
  }
}

} // namespace

CLUSTER_CASE("interrupted: split") {
  interrupt(kind, "split");
}

CLUSTER_CASE("interrupted: spill") {
  interrupt(kind, "spill");
}
