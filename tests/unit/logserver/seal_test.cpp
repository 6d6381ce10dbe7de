#include "server_fixture.hpp"

#include <catch2/catch.hpp>

using namespace outsize;
using namespace outsize::test;
using offsets = std::vector<wire::offset_t>;
using holes = std::vector<host::offset_range>;

TEST_CASE("seal: durable before it is answered, and behind the stores in flight") {
  server_fixture f;
  f.disk.hold_commits(true);
  const auto store = f.send(1, 4);
  const auto sealed = f.seal(2, 3);
  CHECK(outcome_of(f.send(4, 5)) == code::fenced);
  CHECK(outcome_of(f.send(4, 5, 0, 2)) == code::sealed);
  CHECK(outcome_of(sealed) == unanswered);
  CHECK(f.state().sealed == 0);
  f.disk.finish_commits();
  f.disk.settle();
  CHECK(outcome_of(store) == code::ok);
  REQUIRE(outcome_of(sealed) == code::ok);
  CHECK((*sealed)->state == wire::server_state{4, 3, 1, 2});
  CHECK(f.durable_row().sealed);

  f.restart();
  CHECK(outcome_of(f.send(4, 5, 0, 2)) == code::sealed);
}

TEST_CASE("seal: again is answered without a write, also while the first is in flight") {
  server_fixture f;
  f.disk.hold_commits(true);
  const auto first = f.seal(2);
  const auto again = f.seal(2);
  CHECK(f.disk.held_commits() == 1);
  CHECK(outcome_of(again) == unanswered);
  f.disk.finish_commits();
  f.disk.settle();
  CHECK(outcome_of(first) == code::ok);
  CHECK(outcome_of(again) == code::ok);
  CHECK(outcome_of(f.seal(2)) == code::ok);
  CHECK(f.disk.held_commits() == 0);
}

TEST_CASE("seal: an older generation is fenced, a newer one raises the fence of a sealed segment") {
  server_fixture f;
  f.seal(5);
  CHECK(outcome_of(f.seal(4)) == code::fenced);
  CHECK(outcome_of(f.seal(6)) == code::ok);
  CHECK(f.durable_row().fence == 6);
}

TEST_CASE("seal: an unknown segment is sealed before its first store") {
  server_fixture f;
  const auto sealed = f.seal(3);
  REQUIRE(outcome_of(sealed) == code::ok);
  CHECK((*sealed)->state.local_tail == 1);
  CHECK(outcome_of(f.send(1, 2, 0, 3)) == code::sealed);
}

TEST_CASE("repair: passes a seal from the fencing generation on, fills holes and goes on in order") {
  server_fixture f;
  f.send(1, 3);
  f.send(6, 7, 6);
  f.seal(4);
  CHECK(outcome_of(f.send(3, 5, 6, 3, wire::store_is_repair)) == code::fenced);
  CHECK(outcome_of(f.send(3, 5, 6, 4, wire::store_is_repair)) == code::ok);
  CHECK(f.durable_row().holes == holes{{5, 6}});
  CHECK(outcome_of(f.send(9, 10, 6, 4, wire::store_is_repair)) == code::out_of_order);
  CHECK(outcome_of(f.send(7, 9, 6, 5, wire::store_is_repair)) == code::ok);
  CHECK(f.durable_row().fence == 5);
  CHECK(f.durable_row().sealed);
  CHECK(f.disk.durable_offsets(segment) == offsets{1, 2, 3, 4, 6, 7, 8});
}

TEST_CASE("catch-up: fills holes and the tail below the global tail, whatever the fence, and nothing above") {
  server_fixture f;
  f.send(1, 3);
  f.send(6, 7, 6);
  f.seal(4, 9);
  CHECK(outcome_of(f.send(4, 6, 0, 0, wire::store_is_catch_up)) == code::ok);
  CHECK(f.durable_row().holes == holes{{3, 4}});
  CHECK(outcome_of(f.send(7, 10, 0, 0, wire::store_is_catch_up)) == code::out_of_order);
  CHECK(outcome_of(f.send(7, 9, 0, 0, wire::store_is_catch_up)) == code::ok);
  CHECK(f.durable_row().local_tail == 9);
  CHECK(f.durable_row().fence == 4);
}

namespace {
enum class damage { body, header, unreadable, lost };

void break_entry(server_fixture &f, wire::offset_t offset, damage how) {
  switch (how) {
  case damage::body:
    REQUIRE(f.disk.flip_bit(segment, offset, 8 * wire::entry_header_bytes + 3));
    return;
  case damage::header:
    REQUIRE(f.disk.flip_bit(segment, offset, 100));
    return;
  case damage::unreadable:
    REQUIRE(f.disk.make_unreadable(segment, offset));
    return;
  case damage::lost:
    REQUIRE(f.disk.lose(segment, offset));
    return;
  }
}
} // namespace

TEST_CASE("damaged entry: replaced by the equal copy that repair or catch-up brings") {
  const auto how = GENERATE(damage::body, damage::header, damage::unreadable, damage::lost);
  const std::uint8_t flags = GENERATE(wire::store_is_repair, wire::store_is_catch_up);
  CAPTURE(static_cast<int>(how), flags);
  server_fixture f;
  f.send(1, 6, 6);
  const auto before = f.disk.durable_entry(segment, 3);
  break_entry(f, 3, how);
  CHECK(outcome_of(f.send(2, 5, 6, 1, flags)) == code::ok);
  CHECK(f.disk.durable_entry(segment, 3) == before);
  CHECK(f.durable_row().local_tail == 6);
}

TEST_CASE("damaged entry: a different copy is not taken for it where the header is intact") {
  server_fixture f;
  f.send(1, 4, 4);
  auto other = make_store(segment, 2, {std::string("something else")});
  other.message.flags = wire::store_is_catch_up;
  const auto answer = f.send(other);
  f.disk.settle();
  CHECK(outcome_of(answer) == code::offset_occupied);
}

TEST_CASE("tail: the global tail is written with commits, and alone when it moved far while idle") {
  server_fixture f;
  f.send(1, 4, 2);
  CHECK(f.durable_row().global_tail == 2);
  f.release(4);
  CHECK(f.state().global_tail == 4);
  CHECK(f.durable_row().global_tail == 2);
  f.release(2 + 1023);
  CHECK(f.durable_row().global_tail == 2);
  f.release(2 + 1024);
  CHECK(f.durable_row().global_tail == 2 + 1024);
  f.release(7);
  CHECK(f.state().global_tail == 2 + 1024);
}

TEST_CASE("tail: of segments unheard of, 4,096 are remembered and nothing is written") {
  server_fixture f;
  for (std::uint32_t index = 0; index < 4097; ++index) {
    f.server->on_release({{1, index}, 1, 100});
  }
  CHECK(f.server->segments().size() == 4096);
  CHECK(f.server->find({1, 4095})->global_tail == 100);
  CHECK(f.server->find({1, 4096}) == nullptr);
  f.disk.settle();
  CHECK(f.disk.load()->empty());
  CHECK(outcome_of(f.send(1, 2)) == code::ok);
}

TEST_CASE("tail: a fenced generation is not listened to") {
  server_fixture f;
  f.send(1, 2, 0, 5);
  f.release(100, 4);
  CHECK(f.state().global_tail == 0);
}

TEST_CASE("tail: of a segment never heard of it is remembered, and nothing is written") {
  server_fixture f;
  f.release(100);
  f.disk.settle();
  CHECK(f.state().global_tail == 100);
  CHECK(f.disk.durable_row(segment) == nullptr);
}

TEST_CASE("base: a segment that begins at its base has no hole below it") {
  const bool base_first = GENERATE(true, false);
  server_fixture f;
  if (base_first) {
    f.server->set_base(segment, 100);
    CHECK(f.state().local_tail == 100);
    CHECK(outcome_of(f.send(100, 103, 0)) == code::ok);
  } else {
    CHECK(outcome_of(f.send(100, 103, 100)) == code::ok);
    CHECK(f.durable_row().holes == holes{{1, 100}});
    f.server->set_base(segment, 100);
  }
  CHECK(f.server->find(segment)->row.holes.empty());
  f.send(103, 104);
  CHECK(f.durable_row().holes.empty());
  CHECK(f.durable_row().local_tail == 104);
}

TEST_CASE("trim point: entries at or below it are neither stored nor missed") {
  server_fixture f;
  auto made = make_store(segment, 5, 12);
  made.message.global_tail = 12;
  made.message.trim_point = 6;
  const auto answer = f.send(made);
  f.disk.settle();
  CHECK(outcome_of(answer) == code::ok);
  CHECK(f.disk.durable_offsets(segment) == offsets{7, 8, 9, 10, 11});
  CHECK(f.durable_row().holes.empty());
  CHECK(f.durable_row().trim_point == 6);
}

TEST_CASE("trim point: one that does not lie below the global tail is not believed") {
  server_fixture f;
  auto made = make_store(segment, 1, 4);
  made.message.global_tail = 2;
  made.message.trim_point = UINT64_MAX;
  f.send(made);
  f.disk.settle();
  CHECK(f.durable_row().trim_point == 0);
  CHECK(f.disk.durable_offsets(segment) == offsets{1, 2, 3});
}
