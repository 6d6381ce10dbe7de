// Who may use the memory for received messages, and who holds it up.
#include "budget.hpp"
#include "limits.hpp"
#include "stall_watch.hpp"

#include <catch2/catch.hpp>

namespace outsize::zeromq {

TEST_CASE("budget: windows shrink with what is left, never below the least, never into one message's room") {
  budget memory(256 * mib, 32 * mib);
  std::uint64_t windows = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t window = memory.open_window();
    CHECK((window >= window_bytes_min && window <= window_bytes_max));
    windows += window;
    CHECK(memory.pool_bytes() >= 32 * mib);
    if (i < 50) {
      CHECK(2 * windows + memory.pool_bytes() <= 256 * mib);
    }
  }
}

TEST_CASE("budget: a closed window comes back") {
  budget memory(64 * mib, 32 * mib);
  const std::uint64_t first = memory.open_window();
  memory.close_window(first);
  CHECK(memory.pool_bytes() == 64 * mib);
  CHECK(memory.open_window() == first);
}

TEST_CASE("budget: reservations in order, a small one does not overtake a large one") {
  budget memory(100, 60);
  REQUIRE(memory.reserve(1, 60));
  CHECK_FALSE(memory.reserve(2, 50));
  CHECK_FALSE(memory.reserve(3, 40)); // there would be room
  CHECK(memory.anyone_waits());
  memory.release(1);
  CHECK(memory.take_granted() == std::vector<outsize_link>{2, 3});
  CHECK(memory.reserved_bytes() == 90);
  CHECK(memory.take_granted().empty());
}

TEST_CASE("budget: who leaves the line lets the next one through") {
  budget memory(100, 60);
  REQUIRE(memory.reserve(1, 60));
  CHECK_FALSE(memory.reserve(2, 50));
  CHECK_FALSE(memory.reserve(3, 40));
  memory.release(2);
  CHECK(memory.take_granted() == std::vector<outsize_link>{3});
  memory.release(2); // nothing any more
  memory.release(1);
  memory.release(3);
  CHECK(memory.reserved_bytes() == 0);
}

TEST_CASE("budget: one message always fits, however little there is") {
  budget memory(33 * mib, 32 * mib);
  for (int i = 0; i < 10; ++i) {
    memory.open_window();
  }
  CHECK(memory.reserve(1, 32 * mib));
}

TEST_CASE("stall watch: only while somebody waits, only who brings too little (64 KiB within 1 s)") {
  budget memory(100, 60);
  stall_watch stalls(std::chrono::seconds{1});
  std::uint64_t brought = 0;
  const auto progress = [&](outsize_link) { return brought; };
  time_point now{std::chrono::seconds{100}};
  REQUIRE(memory.reserve(1, 60));
  CHECK(stalls.look(memory, progress, now).empty());
  CHECK(stalls.next() == never);
  CHECK_FALSE(memory.reserve(2, 60));
  CHECK(stalls.look(memory, progress, now).empty());
  CHECK(stalls.next() == now + std::chrono::seconds{1});
  brought = stall_bytes_min;
  now += std::chrono::seconds{1};
  CHECK(stalls.look(memory, progress, now).empty()); // just enough
  brought += stall_bytes_min - 1;
  now += std::chrono::milliseconds{999};
  CHECK(stalls.look(memory, progress, now).empty());
  now += std::chrono::milliseconds{1};
  CHECK(stalls.look(memory, progress, now) == std::vector<outsize_link>{1});
  memory.release(2);
  CHECK(stalls.look(memory, progress, now + std::chrono::hours{1}).empty());
}

} // namespace outsize::zeromq
