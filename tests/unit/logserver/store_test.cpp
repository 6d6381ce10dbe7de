#include "server_fixture.hpp"

#include <catch2/catch.hpp>

using namespace outsize;
using namespace outsize::test;
using offsets = std::vector<wire::offset_t>;
using holes = std::vector<host::offset_range>;

TEST_CASE("store: answered only when it is durable, with the durable tail") {
  server_fixture f;
  f.disk.hold_commits(true);
  const auto first = f.send(1, 4);
  const auto second = f.send(4, 6);
  REQUIRE(outcome_of(first) == unanswered);
  CHECK(f.state().local_tail == 1);
  CHECK(f.server->find(segment)->accepted_tail == 6);

  f.disk.finish_commits(1);
  f.disk.settle();
  REQUIRE(outcome_of(first) == code::ok);
  CHECK((*first)->state.local_tail == 4);
  CHECK(outcome_of(second) == unanswered);

  f.disk.finish_commits();
  f.disk.settle();
  REQUIRE(outcome_of(second) == code::ok);
  CHECK((*second)->state.local_tail == 6);
  CHECK(f.disk.durable_offsets(segment) == offsets{1, 2, 3, 4, 5});
  CHECK(f.server->find(segment)->entries_stored == 5);
}

TEST_CASE("store order: a gap is legal up to the global tail in the message (one below, at, one above)") {
  const wire::offset_t global_tail = GENERATE(9, 10, 11);
  server_fixture f;
  f.send(1, 4);
  const auto answer = f.send(10, 12, global_tail);
  if (global_tail < 10) {
    CHECK(outcome_of(answer) == code::out_of_order);
    CHECK((*answer)->state.local_tail == 4);
    CHECK(f.durable_row().local_tail == 4);
  } else {
    CHECK(outcome_of(answer) == code::ok);
    CHECK(f.durable_row().local_tail == 12);
    CHECK(f.durable_row().holes == holes{{4, 10}});
  }
}

TEST_CASE("store order: a refused store of an unknown segment leaves no trace of it") {
  server_fixture f;
  CHECK(outcome_of(f.send(5, 6)) == code::out_of_order);
  CHECK(f.server->segments().empty());
}

TEST_CASE("store order: no more than holes_max holes, then the server catches up first") {
  server_fixture f;
  for (wire::offset_t at = 0; at < 256; ++at) {
    REQUIRE(outcome_of(f.send(2 * at + 2, 2 * at + 3, 10'000)) == code::ok);
  }
  CHECK(f.durable_row().holes.size() == 256);
  CHECK(outcome_of(f.send(514, 515, 10'000)) == code::overloaded);
  CHECK(outcome_of(f.send(513, 514, 10'000)) == code::ok);
  CHECK(outcome_of(f.send(1, 2, 10'000, 1, wire::store_is_catch_up)) == code::ok);
  CHECK(outcome_of(f.send(515, 516, 10'000)) == code::ok);
}

TEST_CASE("store duplicate: of entries in flight waits for their commit and writes nothing") {
  server_fixture f;
  f.disk.hold_commits(true);
  const auto first = f.send(1, 4);
  const auto again = f.send(1, 4);
  const auto inner = f.send(2, 3);
  CHECK(f.disk.held_commits() == 1);
  CHECK(outcome_of(again) == unanswered);
  f.disk.finish_commits();
  f.disk.settle();
  CHECK(outcome_of(first) == code::ok);
  CHECK(outcome_of(again) == code::ok);
  CHECK(outcome_of(inner) == code::ok);
}

TEST_CASE("store duplicate: of durable entries succeeds without a write, also after a restart") {
  server_fixture f;
  f.send(1, 4);
  const auto syncs = f.disk.syncs();
  CHECK(outcome_of(f.send(1, 4)) == code::ok);
  f.restart();
  CHECK(outcome_of(f.send(2, 4)) == code::ok);
  CHECK(f.disk.syncs() == syncs);
}

TEST_CASE("store duplicate: partial overlap compares what is known and stores the rest") {
  server_fixture f;
  f.send(1, 4);
  f.disk.hold_commits(true);
  const auto second = f.send(4, 6);
  const auto overlapping = f.send(2, 9); // durable, in flight and new
  f.disk.finish_commits();
  f.disk.settle();
  CHECK(outcome_of(second) == code::ok);
  REQUIRE(outcome_of(overlapping) == code::ok);
  CHECK((*overlapping)->state.local_tail == 9);
  CHECK(f.disk.durable_offsets(segment) == offsets{1, 2, 3, 4, 5, 6, 7, 8});
}

TEST_CASE("store conflict: another entry at a held offset stops the segment") {
  const bool durable = GENERATE(true, false);
  const bool other_generation = GENERATE(true, false);
  CAPTURE(durable, other_generation);
  server_fixture f;
  f.send(1, 2);
  f.disk.hold_commits(!durable);
  f.send(2, 3);
  const auto different = other_generation ? make_store(segment, 2, {payload_at(2)}, 2)
                                          : make_store(segment, 2, {std::string("something else")});
  const auto answer = f.send(different);
  f.disk.finish_commits();
  f.disk.settle();
  CHECK(outcome_of(answer) == code::offset_occupied);
  REQUIRE(f.stopped_segments.size() == 1);
  CHECK(f.stopped_segments[0].text == "offset 2 of log 7 segment 2 holds another entry");
  CHECK(f.server->find(segment)->stopped);
  CHECK(outcome_of(f.send(3, 4, 0, 9)) == code::offset_occupied);
  CHECK(outcome_of(f.send(3, 4, 0, 9, wire::store_is_repair)) == code::offset_occupied);
  CHECK(f.stopped_segments.size() == 1);
  CHECK((*f.fetch({.from = 1, .to = 3, .bytes_max = 1000, .global_tail = 3}))->answer->entry_headers.size() == 2);
}

TEST_CASE("store conflict: a stopped segment still takes a seal") {
  server_fixture f;
  f.send(1, 2);
  f.send(make_store(segment, 1, {std::string("something else")}));
  f.disk.settle();
  REQUIRE(f.server->find(segment)->stopped);
  CHECK(outcome_of(f.seal(2)) == code::ok);
}

TEST_CASE("store fence: an older generation is refused, a newer one raises the fence durably") {
  server_fixture f;
  CHECK(outcome_of(f.send(1, 2, 0, 5)) == code::ok);
  CHECK(f.durable_row().fence == 5);
  CHECK(outcome_of(f.send(2, 3, 0, 4)) == code::fenced);
  CHECK(outcome_of(f.send(2, 3, 0, 5)) == code::ok);
  CHECK(outcome_of(f.send(3, 4, 0, 6)) == code::ok);
  f.restart();
  CHECK(outcome_of(f.send(4, 5, 0, 5)) == code::fenced);
  CHECK(f.state().fence == 6);
}

TEST_CASE("store memory: over the budget is refused, at the budget is taken") {
  const auto made = make_store(segment, 1, {std::string(1000, 'x')});
  const std::uint64_t bytes = made.payload.size() + made.message.entry_headers[0].size();
  const auto other = make_store({8, 0}, 1, {std::string(1000, 'x')});
  const int room = GENERATE(-1, 0, 1);
  server_fixture f(2 * bytes + static_cast<std::uint64_t>(room + 1) - 1);
  f.disk.hold_commits(true);
  CHECK(outcome_of(f.send(made)) == unanswered);
  CHECK(f.server->memory_bytes() == bytes);
  const auto second = f.send(other);
  CHECK(outcome_of(second) == (room < 0 ? code::overloaded : unanswered));
  f.disk.finish_commits();
  f.disk.settle();
  CHECK(f.server->memory_bytes() == 0);
}

TEST_CASE("store memory: one message always fits when nothing else is there") {
  server_fixture f(10);
  CHECK(outcome_of(f.send(1, 2)) == code::ok);
}

TEST_CASE("fail-stop: after a failed commit nothing is answered and nothing accepted") {
  const bool stored = GENERATE(true, false);
  server_fixture f;
  f.disk.hold_commits(true);
  const auto first = f.send(1, 2);
  const auto second = f.send(2, 3);
  f.disk.fail_next_commit(stored);
  f.disk.finish_commits();
  f.disk.settle();
  CHECK(f.server->stopped());
  REQUIRE(f.fail_stops.size() == 1);
  CHECK(f.fail_stops[0].code == code::storage_failed);
  f.disk.hold_commits(false);
  CHECK(outcome_of(first) == unanswered);
  CHECK(outcome_of(second) == unanswered);
  CHECK(outcome_of(f.send(2, 3)) == unanswered);
  CHECK(outcome_of(f.seal(9)) == unanswered);
  CHECK(!f.fetch({.from = 1, .to = 2, .bytes_max = 1000, .global_tail = 2})->has_value());
  CHECK(!f.list(1, 2)->has_value());
  CHECK(f.fail_stops.size() == 1);

  f.restart();
  CHECK(f.state().local_tail == (stored ? 2 : 1));
  CHECK(outcome_of(f.send(1, 3)) == code::ok);
}

TEST_CASE("disk full: every store behind the refused one is refused too, and the server goes on by itself") {
  server_fixture f;
  f.send(1, 3);
  f.disk.hold_commits(true);
  const auto refused = f.send(3, 5);
  const auto behind = f.send(5, 6);
  f.disk.set_disk_full(true);
  f.disk.finish_commits();
  f.disk.set_disk_full(false);
  f.disk.settle();
  CHECK(outcome_of(refused) == code::disk_full);
  CHECK(outcome_of(behind) == code::disk_full);
  CHECK(!f.server->stopped());
  CHECK(f.server->find(segment)->accepted_tail == 3);
  CHECK(f.durable_row().local_tail == 3);

  f.disk.hold_commits(false);
  CHECK(outcome_of(f.send(5, 6)) == code::out_of_order);
  CHECK(outcome_of(f.send(3, 6)) == code::ok);
  CHECK(f.disk.durable_offsets(segment) == offsets{1, 2, 3, 4, 5});
}

TEST_CASE("disk full: a store that comes before all refusals are told is refused") {
  server_fixture f;
  f.disk.hold_commits(true);
  auto retried = std::make_shared<std::optional<wire::stored>>();
  const auto made = make_store(segment, 1, 2);
  f.server->on_store(made.message, made.payload, time_point{}, [&](const wire::stored &) {
    f.server->on_store(made.message, made.payload, time_point{}, [retried](wire::stored got) { *retried = got; });
  });
  const auto behind = f.send(2, 3);
  f.disk.set_disk_full(true);
  f.disk.finish_commits();
  f.disk.set_disk_full(false);
  f.disk.settle();
  CHECK(outcome_of(retried) == code::disk_full);
  CHECK(outcome_of(behind) == code::disk_full);
}

TEST_CASE("disk full: a seal still passes") {
  server_fixture f;
  f.send(1, 3);
  f.disk.set_disk_full(true);
  CHECK(outcome_of(f.send(3, 4)) == code::disk_full);
  const auto sealed = f.seal(4);
  REQUIRE(outcome_of(sealed) == code::ok);
  CHECK((*sealed)->state.local_tail == 3);
}

TEST_CASE("server gone: what the store finishes later calls nobody") {
  server_fixture f;
  f.disk.hold_commits(true);
  f.disk.hold_reads(true);
  const auto answer = f.send(1, 2);
  const auto fetched = f.fetch({.from = 1, .to = 2, .bytes_max = 1000, .global_tail = 2});
  f.server.reset();
  f.disk.finish_commits();
  f.disk.finish_reads();
  f.disk.settle();
  CHECK(outcome_of(answer) == unanswered);
  CHECK(!fetched->has_value());
}
