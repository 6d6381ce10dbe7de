#include "host/node/digest.hpp"

#include "support/make_entry.hpp"
#include "unit/sequencer/support/fake_peers.hpp"

#include <outsize/wire/limits.hpp>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <initializer_list>
#include <optional>

using namespace outsize;
using namespace outsize::test;
using nlohmann::json;

namespace {

/// A log of two segments on three model servers.
class digest_fixture {
public:
  digest_fixture() {
    log.id = 7;
    log.name = "orders";
    log.chain = {{0, 1, 100, 1, "n1", {"n1", "n2", "n3"}, 2, 1 << 20, "n1"},
                 {1, 100, std::nullopt, 2, "n1", {"n1", "n2", "n3"}, 2, 1 << 20, "n1"}};
    for (const char *node : {"n1", "n2", "n3"}) {
      peers.link_up(node, 1 << 20);
    }
  }

  void store(std::initializer_list<const char *> nodes, const made_entry &made) {
    for (const char *node : nodes) {
      auto &segment = peers.servers[node].segments[made.facts.segment];
      segment.entries[made.facts.offset] = {made.header, made.body};
      segment.state.local_tail = std::max(segment.state.local_tail, made.facts.offset + 1);
    }
  }
  json digest(wire::offset_t from = 1, wire::offset_t to = UINT64_MAX) {
    std::optional<result<std::string>> outcome;
    host::digest_walk::start(
        log, from, to, peers, [] { return time_point{}; }, [&](result<std::string> got) { outcome = std::move(got); });
    while (peers.deliver_one()) {
    }
    REQUIRE(outcome.has_value());
    REQUIRE(outcome->has_value());
    return json::parse(**outcome);
  }

  host::log_record log;
  fake_peers peers;
};

const wire::segment_id first_segment{7, 0};
const wire::segment_id second_segment{7, 1};

made_entry of_set(wire::offset_t offset, wire::entry_kind kind, std::uint64_t set,
                  const wire::segment_id &segment = first_segment) {
  wire::entry_header facts;
  facts.segment = segment;
  facts.offset = offset;
  facts.generation = 1;
  facts.kind = kind;
  facts.set = set;
  return make_entry(facts, "body");
}

made_entry fragment(wire::offset_t offset, std::uint64_t set, std::uint32_t index,
                    const wire::segment_id &segment = first_segment) {
  return make_fragment(segment, offset, set, index, std::string(100, 'f'));
}

constexpr std::uint64_t fragment_bytes = wire::entry_header_bytes + 100;

} // namespace

TEST_CASE("digest: without split records no set is uncommitted") {
  digest_fixture f;
  f.store({"n1", "n2"}, make_entry(first_segment, 1, "a record"));
  const json uncommitted = f.digest()["segments"][0]["uncommitted"];
  CHECK(uncommitted == json{{"sets", 0}, {"fragments", 0}, {"bytes", 0}, {"first", json::array()}});
}

TEST_CASE("digest: a set is uncommitted until some server lists its commit, and each fragment counts once") {
  digest_fixture f;
  f.store({"n1", "n2"}, fragment(1, 5, 0));
  f.store({"n2", "n3"}, fragment(2, 5, 1));
  f.store({"n1", "n2", "n3"}, fragment(3, 6, 0));
  const json before = f.digest()["segments"][0]["uncommitted"];
  CHECK(before["sets"] == 2);
  CHECK(before["fragments"] == 3);
  CHECK(before["bytes"] == 3 * fragment_bytes);
  CHECK(before["first"][0] == json{{"set", 5}, {"fragments", 2}, {"bytes", 2 * fragment_bytes}, {"aborted", false}});
  f.store({"n3"}, of_set(4, wire::entry_kind::commit, 5));
  const json after = f.digest()["segments"][0]["uncommitted"];
  CHECK(after["sets"] == 1);
  CHECK(after["first"][0]["set"] == 6);
}

TEST_CASE("digest: an aborted set is uncommitted for good, and says so") {
  digest_fixture f;
  f.store({"n1", "n2"}, fragment(1, 5, 0));
  f.store({"n1", "n2"}, of_set(2, wire::entry_kind::abort, 5));
  f.store({"n1", "n2"}, of_set(3, wire::entry_kind::abort, 6)); // it was given up before its first fragment
  const json uncommitted = f.digest()["segments"][0]["uncommitted"];
  CHECK(uncommitted["sets"] == 1);
  CHECK(uncommitted["first"] ==
        json::array({{{"set", 5}, {"fragments", 1}, {"bytes", fragment_bytes}, {"aborted", true}}}));
}

TEST_CASE("digest: sets of different segments keep apart") {
  digest_fixture f;
  f.store({"n1", "n2"}, fragment(1, 5, 0));
  f.store({"n1", "n2"}, of_set(101, wire::entry_kind::commit, 5, second_segment));
  f.store({"n1", "n2"}, fragment(102, 6, 0, second_segment));
  const json segments = f.digest()["segments"];
  CHECK(segments[0]["uncommitted"]["first"][0]["set"] == 5);
  CHECK(segments[1]["uncommitted"]["sets"] == 1);
  CHECK(segments[1]["uncommitted"]["first"][0]["set"] == 6);
}

TEST_CASE("digest: at most a hundred sets are listed, all are counted (one below, at, one above)") {
  const std::uint64_t sets = GENERATE(99, 100, 101);
  digest_fixture f;
  for (std::uint64_t set = 1; set <= sets; ++set) {
    f.store({"n1"}, fragment(100 + set, set, 0, second_segment));
  }
  const json uncommitted = f.digest()["segments"][1]["uncommitted"];
  CHECK(uncommitted["sets"] == sets);
  CHECK(uncommitted["bytes"] == sets * fragment_bytes);
  CHECK(uncommitted["first"].size() == std::min<std::uint64_t>(sets, 100));
}
