#include "cases.hpp"

#include <outsize/suite/counted_buffer.hpp>

#include <set>
#include <thread>

namespace outsize::suite {

namespace {

/// Every queued send of `tokens` has exactly one completion; the others have none.
void check_completions(node &at, outsize_link link, const std::set<std::uint64_t> &tokens) {
  std::set<std::uint64_t> completed;
  for (const transport_event &event : at.at(link).completions) {
    CHECK(completed.insert(event.token).second);
  }
  CHECK(completed == tokens);
}

void completion_exactly_once(const transport_factory &factory) {
  couple pair(factory);
  std::set<std::uint64_t> queued;
  for (std::uint64_t i = 0; i < 300; ++i) {
    const std::uint64_t token = pair.near.next_token();
    const result<sent> answer = pair.near.send(pair.link.near, message_of(i * 40, i), token);
    REQUIRE(answer.has_value());
    if (answer.value() == sent::queued) {
      queued.insert(token);
    }
  }
  const std::vector<message> &came = pair.far.at(pair.link.far).messages;
  REQUIRE(pair.rig.run_until([&] { return came.size() == 300 && pair.near.checker().outstanding() == 0; }));
  REQUIRE(pair.rig.settle());
  check_completions(pair.near, pair.link.near, queued);
  for (const transport_event &event : pair.near.at(pair.link.near).completions) {
    CHECK(event.why.code == code::ok);
  }
}

void completion_only_inside_poll(const transport_factory &factory) {
  couple pair(factory);
  const std::size_t before = pair.near.events().size();
  for (std::uint64_t i = 0; i < 50; ++i) {
    pair.near.post(pair.link.near, message_of(i * 2000, i));
  }
  (void)pair.near.send(pair.link.near, message_of(pair.near.limit() + 1), pair.near.next_token());
  (void)pair.near.handle().set_link_limit(pair.link.near, 8192);
  (void)pair.near.dial(pair.address);
  pair.near.handle().disconnect(pair.link.near);
  CHECK(pair.near.events().size() == before);
  REQUIRE(pair.rig.run_until([&] { return pair.near.at(pair.link.near).down.has_value(); }));
}

void ownership_on_error_caller_keeps(const transport_factory &factory) {
  couple pair(factory);
  reference_count count;
  message over{count.make(noise(10, 1)), count.make(noise(pair.near.limit(), 2))};
  REQUIRE_FALSE(pair.near.send(pair.link.near, over, pair.near.next_token()).has_value());
  REQUIRE_FALSE(pair.near.send(pair.link.near + 1000, {over[0]}, pair.near.next_token()).has_value());
  CHECK(count.live() == 2); // ours, and nobody else's
  over.clear();
  CHECK(count.live() == 0);
  CHECK_FALSE(count.over_released());
}

void ownership_on_busy_caller_keeps(const transport_factory &factory) {
  couple pair(factory);
  pair.far.hold(true);
  const message bulk = message_of(256U << 10U);
  (void)pair.send_until_busy(bulk);
  reference_count count;
  const message one{count.make(noise(256U << 10U, 1))};
  const result<sent> answer = pair.near.send(pair.link.near, one, pair.near.next_token());
  REQUIRE(answer.has_value());
  REQUIRE(answer.value() == sent::busy);
  CHECK(count.live() == 1); // ours, and nobody else's
}

void ownership_on_queued_freed_once(const transport_factory &factory) {
  couple pair(factory);
  reference_count count;
  for (std::uint64_t i = 0; i < 100; ++i) {
    pair.near.post(pair.link.near, {count.make(noise(i, i)), count.make(noise(i * 500, i))});
  }
  std::vector<message> &came = pair.far.at(pair.link.far).messages;
  REQUIRE(pair.rig.run_until([&] { return came.size() == 100 && pair.near.checker().outstanding() == 0; }));
  came.clear();
  CHECK(count.live() == 0);
  CHECK_FALSE(count.over_released());
}

void ownership_on_disconnect_freed_once(const transport_factory &factory) {
  couple pair(factory);
  pair.far.hold(true);
  reference_count count;
  for (std::uint64_t i = 0; i < 10; ++i) {
    (void)pair.near.send(pair.link.near, {count.make(noise(300'000, i))}, pair.near.next_token());
  }
  pair.near.handle().disconnect(pair.link.near);
  REQUIRE(pair.rig.run_until([&] { return pair.near.at(pair.link.near).down.has_value(); }));
  CHECK(count.live() == 0); // completed means let go of, also with the far side asleep
  CHECK_FALSE(count.over_released());
}

void ownership_on_destroy_freed_once(const transport_factory &factory) {
  reference_count count;
  {
    couple pair(factory);
    pair.far.hold(true);
    for (std::uint64_t i = 0; i < 10; ++i) {
      (void)pair.near.send(pair.link.near, {count.make(noise(300'000, i))}, pair.near.next_token());
    }
    pair.rig.destroy(pair.near);
  }
  CHECK(count.live() == 0);
  CHECK_FALSE(count.over_released());
}

void buffer_outlives_link(const transport_factory &factory) {
  message kept;
  const message original = parts_of({10, 100'000});
  {
    couple pair(factory);
    kept = pair.pass(original);
  } // both instances are gone
  CHECK(same(kept, original));
}

void buffer_release_any_thread(const transport_factory &factory) {
  couple pair(factory);
  reference_count count;
  for (std::uint64_t i = 0; i < 50; ++i) {
    pair.near.post(pair.link.near, {count.make(noise(2000, i))});
  }
  std::vector<message> &came = pair.far.at(pair.link.far).messages;
  REQUIRE(pair.rig.run_until([&] { return came.size() == 50 && pair.near.checker().outstanding() == 0; }));
  std::thread elsewhere([gone = std::move(came)]() mutable { gone.clear(); });
  (void)pair.near.stats(pair.link.near); // goes on beside it
  elsewhere.join();
  CHECK(count.live() == 0);
}

constexpr suite_case cases[] = {
    {"completion-exactly-once", &completion_exactly_once},
    {"completion-only-inside-poll", &completion_only_inside_poll},
    {"ownership-on-error-caller-keeps", &ownership_on_error_caller_keeps},
    {"ownership-on-busy-caller-keeps", &ownership_on_busy_caller_keeps},
    {"ownership-on-queued-freed-once", &ownership_on_queued_freed_once},
    {"ownership-on-disconnect-freed-once", &ownership_on_disconnect_freed_once},
    {"ownership-on-destroy-freed-once", &ownership_on_destroy_freed_once},
    {"buffer-outlives-link", &buffer_outlives_link},
    {"buffer-release-any-thread", &buffer_release_any_thread},
};

} // namespace

std::span<const suite_case> ownership_cases() {
  return cases;
}

} // namespace outsize::suite
