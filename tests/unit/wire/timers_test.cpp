#include <outsize/wire/timers.hpp>

#include <catch2/catch.hpp>

#include <map>
#include <random>
#include <string>

using namespace std::chrono_literals;
using outsize::never;
using outsize::time_point;
using outsize::wire::timer_id;
using outsize::wire::timer_queue;

namespace {
constexpr time_point at(std::chrono::nanoseconds since) {
  return time_point{since};
}
} // namespace

TEST_CASE("timers: run calls what is due and nothing else (one below, at, one above)") {
  timer_queue queue;
  int called = 0;
  queue.schedule(at(100ns), [&] { ++called; });
  CHECK(queue.next() == at(100ns));
  CHECK(queue.run(at(99ns)) == 0);
  CHECK(queue.run(at(100ns)) == 1);
  CHECK(queue.run(at(101ns)) == 0);
  CHECK(called == 1);
  CHECK(queue.next() == never);
}

TEST_CASE("timers: earliest first, equal times in the order scheduled") {
  timer_queue queue;
  std::string order;
  queue.schedule(at(2s), [&] { order += 'c'; });
  queue.schedule(at(1s), [&] { order += 'a'; });
  queue.schedule(at(1s), [&] { order += 'b'; });
  queue.run(at(5s));
  CHECK(order == "abc");
}

TEST_CASE("timers: a cancelled function is never called and a late cancel says so") {
  timer_queue queue;
  int called = 0;
  const timer_id kept = queue.schedule(at(1s), [&] { ++called; });
  const timer_id dropped = queue.schedule(at(1s), [&] { called += 100; });
  CHECK(queue.cancel(dropped));
  CHECK_FALSE(queue.cancel(dropped));
  queue.run(at(1s));
  CHECK(called == 1);
  CHECK_FALSE(queue.cancel(kept));
}

TEST_CASE("timers: an id does not cancel the function that took its place") {
  timer_queue queue;
  int called = 0;
  const timer_id first = queue.schedule(at(1s), [] {});
  queue.cancel(first);
  queue.schedule(at(1s), [&] { ++called; });
  CHECK_FALSE(queue.cancel(first));
  queue.run(at(1s));
  CHECK(called == 1);
}

TEST_CASE("timers: what a function schedules waits for the next run, however early") {
  timer_queue queue;
  int called = 0;
  queue.schedule(at(1s), [&] { queue.schedule(at(0s), [&] { ++called; }); });
  CHECK(queue.run(at(1s)) == 1);
  CHECK(called == 0);
  CHECK(queue.run(at(1s)) == 1);
  CHECK(called == 1);
}

TEST_CASE("timers: a function that schedules itself in the past does not keep others from being called") {
  timer_queue queue;
  int called = 0;
  queue.schedule(at(1s), [&] { queue.schedule(at(0s), [] {}); });
  queue.schedule(at(2s), [&] { ++called; });
  queue.run(at(2s));
  CHECK(called == 1);
}

TEST_CASE("timers: a function may cancel another that is due in the same run") {
  timer_queue queue;
  timer_id second = 0;
  int called = 0;
  queue.schedule(at(1s), [&] { queue.cancel(second); });
  second = queue.schedule(at(1s), [&] { ++called; });
  CHECK(queue.run(at(1s)) == 1);
  CHECK(called == 0);
}

TEST_CASE("timers: same calls as a sorted map (10,000 seeded steps)") {
  std::mt19937_64 random(4129);
  timer_queue queue;
  std::multimap<time_point, timer_id> expected;
  std::multimap<time_point, timer_id>::iterator found;
  time_point now{};
  for (int step = 0; step < 10'000; ++step) {
    if (random() % 3 != 0 || expected.empty()) {
      const time_point when = now + std::chrono::nanoseconds(random() % 1000);
      const timer_id id = queue.schedule(when, [&expected, &found] {
        REQUIRE(!expected.empty());
        found = expected.begin();
        expected.erase(found);
      });
      expected.emplace(when, id);
    } else if (random() % 2 == 0) {
      found = std::next(expected.begin(), static_cast<std::ptrdiff_t>(random() % expected.size()));
      CHECK(queue.cancel(found->second));
      expected.erase(found);
    } else {
      now = expected.begin()->first;
      queue.run(now);
      CHECK(queue.next() == (expected.empty() ? never : expected.begin()->first));
    }
    REQUIRE(queue.size() == expected.size());
  }
}
