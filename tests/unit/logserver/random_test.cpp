// Random stores, repairs, seals, crashes, full disks and bit rot against a model of what was acknowledged.
#include "server_fixture.hpp"

#include "host/logserver/placement.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>
#include <set>

using namespace outsize;
using namespace outsize::test;

namespace {

/// One sequencer, one server: what is sent is always the same per offset; what is acknowledged must stay.
class random_run {
public:
  explicit random_run(std::uint64_t seed) : random_(seed) { f_.disk.hold_commits(true); }

  void step() {
    switch (pick(12)) {
    case 0:
      f_.disk.set_disk_full(pick(2) == 0);
      return;
    case 1:
      f_.restart(pick(3));
      return;
    case 2:
      send(pick(tail()) + 1, wire::store_is_catch_up);
      return;
    case 3:
      send(tail() + pick(6), 0);
      return;
    case 4:
      send(pick(tail()) + 1, 0);
      return;
    case 5:
    case 6:
    case 7:
      f_.disk.finish_commits(pick(3));
      f_.disk.settle();
      return;
    default:
      send(tail(), 0);
    }
  }

  void check() {
    const auto *row = f_.disk.durable_row(segment);
    for (const auto offset : acknowledged_) {
      REQUIRE(f_.disk.durable_entry(segment, offset).has_value());
      REQUIRE((row != nullptr && host::is_held(*row, offset)));
    }
    for (wire::offset_t offset = 1; row != nullptr && offset < row->local_tail; ++offset) {
      REQUIRE(host::is_held(*row, offset) == f_.disk.durable_entry(segment, offset).has_value());
    }
    REQUIRE(f_.state().local_tail <= tail());
    REQUIRE(f_.stopped_segments.empty());
    REQUIRE(f_.fail_stops.empty());
  }

  /// With a healthy disk everything sent in order is taken.
  void must_go_on() {
    f_.disk.set_disk_full(false);
    f_.disk.hold_commits(false);
    f_.disk.finish_commits();
    f_.disk.settle();
    CHECK(outcome_of(f_.send(f_.state().local_tail, f_.state().local_tail + 3)) == code::ok);
    CHECK(f_.server->memory_bytes() == 0);
  }

private:
  std::uint64_t pick(std::uint64_t below) {
    return std::uniform_int_distribution<std::uint64_t>(0, below - 1)(random_);
  }
  [[nodiscard]] wire::offset_t tail() const {
    const auto *known = f_.server->find(segment);
    return known == nullptr ? 1 : known->accepted_tail;
  }

  void send(wire::offset_t first, std::uint8_t flags) {
    const wire::offset_t end = first + 1 + pick(4);
    auto made = make_store(segment, first, end);
    made.message.flags = flags;
    made.message.global_tail = pick(2) == 0 ? 0 : tail() + pick(3);
    f_.server->on_store(made.message, made.payload, time_point{}, [this, first, end](const wire::stored &answer) {
      for (wire::offset_t offset = first; !answer.refused && offset < end; ++offset) {
        acknowledged_.insert(offset);
      }
    });
    f_.disk.settle();
  }

  std::mt19937_64 random_;
  server_fixture f_;
  std::set<wire::offset_t> acknowledged_;
};

} // namespace

TEST_CASE("random: what was acknowledged is held through crashes, full disks and overlaps (100 seeds)") {
  const std::uint64_t seed = GENERATE(range(std::uint64_t{1}, std::uint64_t{101}));
  CAPTURE(seed);
  random_run run(seed);
  for (int step = 0; step < 200; ++step) {
    run.step();
    run.check();
  }
  run.must_go_on();
}
