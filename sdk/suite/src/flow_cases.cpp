#include "cases.hpp"

#include <poll.h>

namespace outsize::suite {

namespace {

constexpr std::uint64_t bulk_bytes = 256U << 10U;

/// Sends and polls, with the far node on hold, until polling makes no more room. Returns the bytes taken.
std::uint64_t fill(couple &pair) {
  const message bulk = message_of(bulk_bytes);
  std::uint64_t taken = 0;
  std::size_t writables = 0;
  do { // what the wire swallows makes room once more
    taken += pair.send_until_busy(bulk);
    REQUIRE(taken <= pair.under_way_max());
    writables = pair.near.at(pair.link.near).writables;
    REQUIRE(pair.rig.settle());
  } while (pair.near.at(pair.link.near).writables != writables);
  return taken;
}

void busy_then_writable(const transport_factory &factory) {
  couple pair(factory);
  pair.far.hold(true);
  (void)fill(pair);
  const std::size_t before = pair.near.at(pair.link.near).writables;
  pair.far.hold(false);
  REQUIRE(pair.rig.run_until([&] { return pair.near.at(pair.link.near).writables > before; }));
  pair.near.post(pair.link.near, message_of(bulk_bytes)); // and it is true
}

void busy_keeps_what_was_queued(const transport_factory &factory) {
  couple pair(factory);
  pair.far.hold(true);
  const std::uint64_t taken = fill(pair);
  pair.far.hold(false);
  const std::vector<message> &came = pair.far.at(pair.link.far).messages;
  REQUIRE(pair.rig.run_until([&] { return came.size() * bulk_bytes >= taken; }));
  REQUIRE(pair.rig.settle());
  CHECK(came.size() * bulk_bytes == taken);
  CHECK(pair.near.checker().outstanding() == 0);
}

void slow_receiver_bounded_memory(const transport_factory &factory) {
  couple pair(factory);
  pair.far.hold(true);
  (void)fill(pair); // checks what was taken
  const outsize_link_stats stats = pair.near.stats(pair.link.near);
  CHECK(stats.queued_bytes <= stats.queued_bytes_max);
  CHECK(pair.near.at(pair.link.near).up());
}

void slow_link_does_not_hold_up_another(const transport_factory &factory) {
  couple pair(factory);
  node &quick = pair.rig.make();
  const link_pair other = pair.rig.marry(pair.near, quick);
  pair.far.hold(true);
  (void)fill(pair);
  const message small = message_of(100);
  for (int i = 0; i < 20; ++i) {
    CHECK(same(pair.rig.pass(pair.near, other.near, quick, other.far, small), small));
  }
}

// A queue smaller than one legal message must not make that message impossible.
void single_message_passes_any_queue(const transport_factory &factory) {
  constexpr std::uint64_t large = 96U << 20U;
  const node_options roomy{.message_bytes_max = large, .memory_bytes_max = 2 * large};
  couple pair(factory, roomy, roomy);
  CHECK(size_of(pair.pass(message_of(large))) == large);
}

// More links with large messages under way than the receiver's memory holds: all arrive, one after the other.
void memory_budget_shared_without_deadlock(const transport_factory &factory) {
  constexpr std::uint64_t large = 4U << 20U;
  const node_options tight{.message_bytes_max = large, .memory_bytes_max = large + 4096};
  couple pair(factory, tight, tight);
  std::vector<link_pair> links{pair.link};
  for (int i = 0; i < 3; ++i) {
    links.push_back(pair.rig.marry(pair.near, pair.far, pair.address));
  }
  constexpr std::size_t each = 4;
  for (std::size_t i = 0; i < each; ++i) {
    for (const link_pair &link : links) {
      pair.rig.stream(pair.near, link.near, 1, [&](std::size_t) { return message_of(large, i); });
    }
  }
  for (const link_pair &link : links) {
    const std::vector<message> &came = pair.far.at(link.far).messages;
    REQUIRE(pair.rig.run_until([&] { return came.size() == each; }));
  }
}

void poll_respects_budget(const transport_factory &factory) {
  couple pair(factory);
  pair.rig.stream(pair.near, pair.link.near, 100, [](std::size_t i) { return message_of(200, i); });
  const std::vector<message> &came = pair.far.at(pair.link.far).messages;
  for (const std::uint32_t budget : {1U, 7U}) { // the checker counts the events of each poll
    const std::size_t target = came.size() + 30;
    REQUIRE(pair.rig.run_until([&] { return came.size() >= target; }, budget));
  }
  REQUIRE(pair.rig.run_until([&] { return came.size() == 100; }));
}

/// Polls with a budget of one event. True when the node said that it has more to do, by descriptor and by time.
bool steps_while_readable(node &at, const std::function<bool()> &done) {
  time_point next = steady_now();
  while (!done()) {
    if (at.handle().event_fd() >= 0 && !at.readable()) {
      pollfd wait_for{at.handle().event_fd(), POLLIN, 0};
      if (::poll(&wait_for, 1, 10'000) != 1) {
        return false; // there was more to do, and the descriptor kept quiet
      }
    }
    next = at.poll(1);
  }
  return next != never || at.handle().event_fd() >= 0;
}

void event_fd_level_semantics(const transport_factory &factory) {
  couple pair(factory);
  pair.rig.stream(pair.near, pair.link.near, 50, [](std::size_t i) { return message_of(200, i); });
  const std::vector<message> &came = pair.far.at(pair.link.far).messages;
  pair.far.hold(true);
  REQUIRE(pair.rig.settle()); // the near side has handed all to the wire
  CHECK(steps_while_readable(pair.far, [&] { return came.size() == 50; }));
}

void event_fd_readable_after_send(const transport_factory &factory) {
  couple pair(factory);
  REQUIRE(pair.rig.settle());
  pair.near.post(pair.link.near, message_of(bulk_bytes));
  const std::vector<message> &came = pair.far.at(pair.link.far).messages;
  REQUIRE(pair.rig.run_until([&] { return came.size() == 1 && pair.near.checker().outstanding() == 0; }));
}

void event_fd_silent_when_idle(const transport_factory &factory) {
  couple pair(factory);
  (void)pair.pass(message_of(1000));
  REQUIRE(pair.rig.settle()); // or the host would spin
  CHECK_FALSE(pair.near.readable());
  CHECK_FALSE(pair.far.readable());
}

constexpr suite_case cases[] = {
    {"busy-then-writable", &busy_then_writable},
    {"busy-keeps-what-was-queued", &busy_keeps_what_was_queued},
    {"slow-receiver-bounded-memory", &slow_receiver_bounded_memory},
    {"slow-link-does-not-hold-up-another", &slow_link_does_not_hold_up_another},
    {"single-message-passes-any-queue", &single_message_passes_any_queue},
    {"memory-budget-shared-without-deadlock", &memory_budget_shared_without_deadlock},
    {"poll-respects-budget", &poll_respects_budget},
    {"event-fd-level-semantics", &event_fd_level_semantics},
    {"event-fd-readable-after-send", &event_fd_readable_after_send},
    {"event-fd-silent-when-idle", &event_fd_silent_when_idle},
};

} // namespace

std::span<const suite_case> flow_cases() {
  return cases;
}

} // namespace outsize::suite
