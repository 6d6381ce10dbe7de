#include "segment_fixture.hpp"

#include "host/segment/repair.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace outsize;
using namespace outsize::test;
using namespace std::chrono_literals;

namespace {

/// Seals at whoever answers, then repairs.
struct repair_fixture : segment_fixture {
  using segment_fixture::segment_fixture;
  std::unique_ptr<host::segment_seal> seal;
  std::unique_ptr<host::segment_repair> repair;

  void begin() {
    seal = std::make_unique<host::segment_seal>(task, peers);
    run(*seal);
    REQUIRE(seal->done());
    repair = std::make_unique<host::segment_repair>(task, peers, seal->sealed());
  }
  void seal_late(const std::string &node) {
    peers.link_up(node, 32 * wire::mib);
    seal->on_link_up(node);
    repair->on_link_up(node);
    run(*seal);
    repair->on_sealed(seal->sealed());
  }
  void check_quorum(wire::offset_t from, wire::offset_t to) {
    for (wire::offset_t offset = from; offset < to; ++offset) {
      INFO("offset " << offset);
      CHECK(copies(offset) >= task.replication);
    }
  }
};

} // namespace

TEST_CASE("repair: nothing to do in an empty segment") {
  repair_fixture fixture;
  fixture.begin();
  CHECK(fixture.repair->done());
  CHECK(fixture.repair->end() == 1);
}

TEST_CASE("repair: entries on one server are brought to a write quorum, the others are left alone") {
  repair_fixture fixture;
  fixture.fill("n1", 1, 10);
  fixture.fill("n2", 1, 6);
  fixture.begin();
  fixture.run(*fixture.repair);
  REQUIRE(fixture.repair->done());
  CHECK(fixture.repair->end() == 10);
  fixture.check_quorum(1, 10);
  for (const fake_peers::sent_store &store : fixture.peers.stores) {
    CHECK(store.message.first >= 6);
    CHECK(store.message.flags == wire::store_is_repair);
    CHECK(store.message.generation == 5);
  }
}

TEST_CASE("repair: fragments, commits and aborts are copied entry by entry") {
  repair_fixture fixture;
  const auto entry = [&](wire::offset_t offset, wire::entry_kind kind, std::uint64_t set, std::uint32_t index,
                         const std::string &body) {
    wire::entry_header facts;
    facts.segment = fixture.task.segment;
    facts.offset = offset;
    facts.generation = 4;
    facts.kind = kind;
    facts.set = set;
    facts.fragment_index = index;
    facts.payload_bytes = body.size();
    facts.content = wire::digest_of(rope(buffer::copy_of(body)));
    return model_server::stored_entry{wire::encode_entry_header(facts), rope(buffer::copy_of(body))};
  };
  auto &at = fixture.at("n1");
  at.entries[1] = entry(1, wire::entry_kind::fragment, 3, 0, text_of_size(100'000));
  at.entries[2] = entry(2, wire::entry_kind::fragment, 4, 0, text_of_size(50'000));
  at.entries[3] = entry(3, wire::entry_kind::fragment, 3, 1, text_of_size(1000));
  at.entries[4] = entry(4, wire::entry_kind::commit, 3, 0, "what it is made of");
  at.entries[5] = entry(5, wire::entry_kind::abort, 4, 0, "why");
  at.state.local_tail = 6;
  fixture.begin();
  fixture.run(*fixture.repair);
  REQUIRE(fixture.repair->done());
  CHECK(fixture.repair->end() == 6);
  fixture.check_quorum(1, 6);
  for (const std::string node : {"n2", "n3"}) {
    for (const auto &[offset, copy] : fixture.at(node).entries) {
      CHECK(copy.header.text() == at.entries.at(offset).header.text());
      CHECK((copy.bytes.flatten().text() == at.entries.at(offset).bytes.flatten().text()));
    }
    if (fixture.at(node).entries.size() == 5) {
      const auto [set, payload] =
          fixture.server(node).fetch_set({fixture.task.segment, 3, 0, 2, 1 << 20, fixture.repair->end()});
      CHECK(set.entry_headers.size() == 2);
      CHECK(payload.size() == 101'000);
    }
  }
}

TEST_CASE("repair: what is below the known global tail is not touched") {
  repair_fixture fixture;
  fixture.fill("n1", 1, 10);
  fixture.at("n2").state.global_tail = 8;
  fixture.begin();
  fixture.run(*fixture.repair);
  REQUIRE(fixture.repair->done());
  CHECK(fixture.peers.stores.front().message.first == 8);
  CHECK(fixture.copies(7) == 1);
  fixture.check_quorum(8, 10);
}

TEST_CASE("repair: entries with the headers they had, whatever the repairer's generation is") {
  repair_fixture fixture;
  fixture.fill("n1", 1, 3);
  fixture.begin();
  fixture.run(*fixture.repair);
  const auto held = fixture.at("n2").entries.at(2);
  CHECK(held.header.text() == fixture.entry(2).header.text());
}

TEST_CASE("repair: pieces are bounded in bytes, a single larger entry goes alone (64 KiB)") {
  repair_fixture fixture;
  fixture.fill("n1", 1, 20, 20 * wire::kib);
  fixture.at("n1").entries[20] = fixture.entry(20, 300 * wire::kib);
  fixture.at("n1").state.local_tail = 21;
  fixture.begin();
  fixture.run(*fixture.repair);
  REQUIRE(fixture.repair->done());
  fixture.check_quorum(1, 21);
  for (const fake_peers::sent_store &store : fixture.peers.stores) {
    const bool alone = store.message.entry_headers.size() == 1;
    CHECK((alone || store.message_bytes <= 64 * wire::kib + 1024));
  }
  CHECK(fixture.peers.largest_fetch["n1"] <= 301 * wire::kib);
}

TEST_CASE("repair: more entries than one window holds") {
  repair_fixture fixture;
  fixture.task.window_entries_max = 16;
  fixture.fill("n1", 1, 100);
  fixture.fill("n3", 1, 50);
  fixture.begin();
  fixture.run(*fixture.repair);
  REQUIRE(fixture.repair->done());
  CHECK(fixture.repair->end() == 100);
  fixture.check_quorum(1, 100);
}

TEST_CASE("repair: a damaged copy is not taken when there is another") {
  repair_fixture fixture({"n1", "n2", "n3", "n4"}, 3);
  fixture.fill("n1", 1, 6);
  fixture.fill("n2", 1, 6);
  fixture.server("n1").damaged = {3};
  fixture.begin();
  fixture.run(*fixture.repair);
  REQUIRE(fixture.repair->done());
  CHECK(fixture.repair->end() == 6);
  fixture.check_quorum(1, 6);
}

TEST_CASE("repair: the only copy of a committed entry is damaged: data_loss is said, no filler is written") {
  repair_fixture fixture;
  fixture.fill("n1", 1, 6);
  fixture.fill("n2", 1, 6);
  fixture.fill("n3", 1, 6);
  for (const std::string node : {"n1", "n2", "n3"}) {
    fixture.at(node).entries.erase(4);
  }
  fixture.begin();
  fixture.pass(*fixture.repair, 30s);
  CHECK_FALSE(fixture.repair->done());
  CHECK(fixture.repair->waits_for().find("data_loss") != std::string::npos);
  CHECK(fixture.copies(4) == 0);
}

TEST_CASE("repair: the only server with a copy goes away: waits for it while the entry may have been committed") {
  repair_fixture fixture;
  fixture.peers.link_down("n3");
  fixture.fill("n1", 1, 10);
  fixture.fill("n2", 1, 6);
  fixture.begin();
  fixture.peers.link_down("n1");
  fixture.pass(*fixture.repair, 30s);
  CHECK_FALSE(fixture.repair->done());
  CHECK(fixture.repair->waits_for().find("n1 (link_down") != std::string::npos);
  CHECK(fixture.repair->waits_for().find("n3 (not sealed yet)") != std::string::npos);
  fixture.peers.link_up("n1", 32 * wire::mib);
  fixture.repair->on_link_up("n1");
  fixture.run(*fixture.repair);
  REQUIRE(fixture.repair->done());
  CHECK(fixture.repair->end() == 10);
  fixture.check_quorum(1, 10);
}

TEST_CASE("repair: the only server with a copy goes away: cut where an f-majority proves it uncommitted") {
  repair_fixture fixture;
  fixture.peers.link_down("n3");
  fixture.fill("n1", 1, 10);
  fixture.fill("n2", 1, 6);
  fixture.fill("n3", 1, 6);
  fixture.begin();
  fixture.peers.link_down("n1");
  fixture.pass(*fixture.repair, 1s);
  CHECK_FALSE(fixture.repair->done());
  fixture.seal_late("n3");
  fixture.pass(*fixture.repair, 6s);
  REQUIRE(fixture.repair->done());
  CHECK(fixture.repair->end() == 6);
  fixture.check_quorum(1, 6);
}

TEST_CASE("repair: a server that sealed late gives the copy that was missing") {
  repair_fixture fixture;
  fixture.peers.link_down("n3");
  fixture.fill("n1", 1, 10);
  fixture.fill("n3", 1, 10);
  fixture.begin();
  fixture.peers.link_down("n1");
  fixture.pass(*fixture.repair, 1s);
  CHECK_FALSE(fixture.repair->done());
  fixture.seal_late("n3");
  fixture.pass(*fixture.repair, 10s);
  REQUIRE(fixture.repair->done());
  CHECK(fixture.repair->end() == 10);
}

TEST_CASE("repair: a store that times out is sent again, a server that refuses for good is not") {
  repair_fixture fixture;
  fixture.fill("n1", 1, 4);
  fixture.begin();
  fixture.server("n3").refuses_stores = make_error(code::malformed, "no");
  fixture.peers.lose_answers("n2", true);
  fixture.pass(*fixture.repair, 11s);
  CHECK_FALSE(fixture.repair->done());
  fixture.peers.lose_answers("n2", false);
  fixture.pass(*fixture.repair, 21s);
  REQUIRE(fixture.repair->done());
  std::size_t to_n3 = 0;
  for (const fake_peers::sent_store &store : fixture.peers.stores) {
    to_n3 += store.node == "n3" ? 1 : 0;
  }
  CHECK(to_n3 == 1);
}

TEST_CASE("repair: two values at one offset stop it for good") {
  repair_fixture fixture;
  fixture.fill("n1", 1, 4);
  fixture.fill("n2", 1, 3);
  fixture.at("n2").entries[3] = fixture.entry(3, 100, 'z');
  fixture.at("n2").state.local_tail = 4;
  fixture.begin();
  fixture.pass(*fixture.repair, 30s);
  CHECK_FALSE(fixture.repair->done());
  CHECK(fixture.repair->waits_for().find("offset 3 has one value on n1 and another on n2") != std::string::npos);
  REQUIRE(fixture.lines.size() == 1);
}

TEST_CASE("repair: a newer generation on the way means superseded") {
  repair_fixture fixture;
  fixture.fill("n1", 1, 4);
  fixture.begin();
  fixture.at("n2").state.fence = 6;
  fixture.at("n3").state.fence = 6;
  fixture.run(*fixture.repair);
  CHECK(fixture.repair->superseded().has_value());
}

TEST_CASE("repair: checksums of what it kept, from the caller's own tail on") {
  repair_fixture fixture;
  fixture.task.known_tail = 3;
  fixture.fill("n1", 1, 6);
  fixture.begin();
  fixture.run(*fixture.repair);
  REQUIRE(fixture.repair->done());
  CHECK(fixture.repair->kept().size() == 3);
  CHECK(fixture.repair->kept().begin()->first == 3);
}

TEST_CASE("repair: whatever the servers hold and whoever comes and goes, the end is on a write quorum (seeds)") {
  const std::uint64_t seed = GENERATE(range(1, 120));
  std::mt19937_64 random(seed);
  INFO("seed " << seed);
  const auto members = 3 + random() % 3;
  const auto replication = 1 + random() % members;
  std::vector<std::string> nodes;
  for (std::uint64_t i = 1; i <= members; ++i) {
    nodes.push_back("n" + std::to_string(i));
  }
  repair_fixture fixture(nodes, static_cast<std::uint32_t>(replication));
  fixture.task.window_entries_max = 1 + random() % 8;
  fixture.task.repair_bytes_max = 1 + random() % 2000;
  // Any prefix at each server; what a write quorum has was committed, and some servers know a part of that.
  const std::uint64_t entry_bytes = random() % 700;
  std::vector<wire::offset_t> tails;
  for (const std::string &node : nodes) {
    const wire::offset_t tail = 1 + random() % 30;
    fixture.fill(node, 1, tail, entry_bytes);
    tails.push_back(tail);
  }
  std::vector<wire::offset_t> sorted = tails;
  std::sort(sorted.rbegin(), sorted.rend());
  const wire::offset_t committed = sorted[replication - 1];
  for (const std::string &node : nodes) {
    fixture.at(node).state.global_tail = random() % (committed + 1);
  }
  fixture.begin();
  for (int round = 0; round < 200 && !fixture.repair->done(); ++round) {
    const std::string node = nodes[random() % nodes.size()];
    switch (random() % 4) {
    case 0:
      fixture.peers.link_down(node);
      break;
    case 1:
      fixture.peers.lose_answers(node, random() % 2 == 0);
      break;
    default:
      fixture.seal_late(node);
      break;
    }
    fixture.pass(*fixture.repair, std::chrono::milliseconds(random() % 3000));
  }
  for (const std::string &node : nodes) {
    fixture.peers.lose_answers(node, false);
    fixture.seal_late(node);
  }
  fixture.pass(*fixture.repair, 60s);
  INFO(fixture.repair->waits_for());
  REQUIRE(fixture.repair->done());
  CHECK(fixture.repair->end() >= committed);
  CHECK(fixture.repair->end() <= sorted.front());
  fixture.check_quorum(committed, fixture.repair->end());
}

TEST_CASE("repair: a server that answers too late is given twice as long the next time") {
  repair_fixture f;
  f.peers.link_down("n3");
  f.fill("n1", 1, 2);
  f.begin();
  f.repair->step(f.now);
  while (f.peers.deliver_one()) { // the listings
  }
  f.peers.hold("n1");
  f.repair->step(f.now);
  const time_point deadline = f.peers.next_deadline();
  CHECK(deadline == f.now + f.task.request_timeout);
  f.now = deadline;
  f.peers.expire(f.now);
  f.now = std::max(f.now, f.repair->next_time());
  f.repair->step(f.now);
  CHECK(f.peers.next_deadline() == f.now + 2 * f.task.request_timeout);
}
