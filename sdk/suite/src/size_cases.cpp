#include "cases.hpp"

namespace outsize::suite {

namespace {

constexpr std::uint64_t limit = 1U << 20U; // of node_options

void check_too_large(const result<sent> &answer, std::uint64_t actual_bytes, std::uint64_t limit_bytes) {
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().code == code::too_large);
  CHECK(answer.error().retry() == retry_class::never);
  CHECK(answer.error().actual_bytes == actual_bytes);
  CHECK(answer.error().limit_bytes == limit_bytes);
  CHECK_FALSE(answer.error().text.empty());
}

/// Sends what must not fit, and requires that nothing but the answer comes of it.
void refuse(node &from, outsize_link link, std::uint64_t size, std::uint64_t limit_bytes) {
  check_too_large(from.send(link, message_of(size), from.next_token()), size, limit_bytes);
}

void limits_not_unbounded(const transport_factory &factory) {
  couple pair(factory);
  for (const outsize_link_stats &stats : {pair.near.stats(pair.link.near), pair.far.stats(pair.link.far)}) {
    CHECK(stats.limit_bytes == limit);
    CHECK(stats.queued_bytes_max > 0);
    CHECK(stats.queued_bytes_max <= std::uint64_t{1} << 40U);
  }
}

void send_below_limit_delivered(const transport_factory &factory) {
  couple pair(factory);
  const message below = message_of(limit - 1);
  CHECK(same(pair.pass(below), below));
}

void send_exactly_limit_delivered(const transport_factory &factory) {
  couple pair(factory);
  const message exact = message_of(limit);
  CHECK(same(pair.pass(exact), exact));
  CHECK(same(pair.pass_back(exact), exact));
}

void send_limit_plus_one_too_large(const transport_factory &factory) {
  couple pair(factory);
  refuse(pair.near, pair.link.near, limit + 1, limit);
  refuse(pair.far, pair.link.far, limit + 1, limit);
}

void too_large_reports_actual_and_limit(const transport_factory &factory) {
  couple pair(factory);
  refuse(pair.near, pair.link.near, 2 * limit + 7, limit);
}

void too_large_is_synchronous(const transport_factory &factory) {
  couple pair(factory);
  const std::size_t before = pair.near.events().size();
  refuse(pair.near, pair.link.near, limit + 1, limit);
  REQUIRE(pair.rig.settle());
  CHECK(pair.near.events().size() == before); // no completion, no link down, nothing
  CHECK(pair.near.stats(pair.link.near).queued_bytes == 0);
}

void too_large_keeps_link_up(const transport_factory &factory) {
  couple pair(factory);
  for (int i = 0; i < 100; ++i) {
    refuse(pair.near, pair.link.near, limit + 1, limit);
  }
  REQUIRE(pair.rig.settle());
  CHECK(pair.near.at(pair.link.near).up());
  CHECK(pair.far.at(pair.link.far).up());
  CHECK_FALSE(pair.far.at(pair.link.far).oversize.has_value());
}

// The bug that started the project: one message that cannot go, and everything behind it waits or is lost.
void too_large_then_small_still_delivered(const transport_factory &factory) {
  couple pair(factory);
  constexpr std::size_t small_messages = 100;
  refuse(pair.near, pair.link.near, limit + 1, limit);
  pair.rig.stream(pair.near, pair.link.near, small_messages, [](std::size_t i) { return message_of(50, i); });
  const std::vector<message> &came = pair.far.at(pair.link.far).messages;
  REQUIRE(pair.rig.run_until([&] { return came.size() == small_messages; }));
  for (std::size_t i = 0; i < small_messages; ++i) {
    CHECK(same(came[i], message_of(50, i)));
  }
  CHECK(pair.near.at(pair.link.near).up());
}

void too_large_between_others(const transport_factory &factory) {
  couple pair(factory);
  for (std::uint64_t i = 0; i < 10; ++i) {
    pair.near.post(pair.link.near, message_of(1000 + i, i));
    refuse(pair.near, pair.link.near, limit + 1, limit);
  }
  const std::vector<message> &came = pair.far.at(pair.link.far).messages;
  REQUIRE(pair.rig.run_until([&] { return came.size() == 10; }));
  for (std::uint64_t i = 0; i < 10; ++i) {
    CHECK(same(came[i], message_of(1000 + i, i)));
  }
}

// A node that talks to itself, as a sequencer does to the log server beside it, meets the limit that strangers meet.
void local_link_same_limit_as_remote(const transport_factory &factory) {
  transport_rig rig(factory);
  node &only = rig.make();
  const link_pair link = rig.marry(only, only);
  const message exact = message_of(limit);
  CHECK(same(rig.pass(only, link.near, only, link.far, exact), exact));
  refuse(only, link.near, limit + 1, limit);
  refuse(only, link.far, limit + 1, limit);
  CHECK(same(rig.pass(only, link.far, only, link.near, exact), exact));
}

void peer_smaller_limit_wins(const transport_factory &factory) {
  constexpr std::uint64_t smaller = 64U << 10U;
  couple pair(factory, {}, {.message_bytes_max = smaller});
  REQUIRE(pair.near.handle().set_link_limit(pair.link.near, smaller).has_value()); // what a host does after the hello
  refuse(pair.near, pair.link.near, smaller + 1, smaller);
  refuse(pair.far, pair.link.far, smaller + 1, smaller);
  CHECK(size_of(pair.pass(message_of(smaller))) == smaller);
  CHECK(size_of(pair.pass_back(message_of(smaller))) == smaller);
}

void limit_lowered_midstream(const transport_factory &factory) {
  constexpr std::uint64_t lower = 8192;
  couple pair(factory);
  pair.near.post(pair.link.near, message_of(limit)); // queued before: keeps its way
  REQUIRE(pair.near.handle().set_link_limit(pair.link.near, lower).has_value());
  CHECK(pair.near.stats(pair.link.near).limit_bytes == lower);
  refuse(pair.near, pair.link.near, lower + 1, lower);
  pair.near.post(pair.link.near, message_of(lower));
  const std::vector<message> &came = pair.far.at(pair.link.far).messages;
  REQUIRE(pair.rig.run_until([&] { return came.size() == 2; }));
  CHECK(size_of(came[0]) == limit);
  CHECK(size_of(came[1]) == lower);
}

void limit_never_raised(const transport_factory &factory) {
  couple pair(factory);
  transport_handle &handle = pair.near.handle();
  const result<void> above = handle.set_link_limit(pair.link.near, limit + 1);
  REQUIRE_FALSE(above.has_value());
  CHECK(above.error().code == code::invalid_argument);
  REQUIRE(handle.set_link_limit(pair.link.near, limit).has_value()); // as it is
  REQUIRE(handle.set_link_limit(pair.link.near, limit - 1).has_value());
  CHECK_FALSE(handle.set_link_limit(pair.link.near, limit).has_value()); // not back up either
  CHECK(pair.near.stats(pair.link.near).limit_bytes == limit - 1);
}

void scatter_total_counts_not_max_part(const transport_factory &factory) {
  couple pair(factory);
  const message over = parts_of({16, limit / 2, limit / 2});
  check_too_large(pair.near.send(pair.link.near, over, pair.near.next_token()), limit + 16, limit);
  const message exact = parts_of({16, limit / 2, limit / 2 - 16});
  CHECK(same(pair.pass(exact), exact));
}

void header_part_counts(const transport_factory &factory) {
  couple pair(factory);
  const message over = parts_of({2, limit - 1});
  check_too_large(pair.near.send(pair.link.near, over, pair.near.next_token()), limit + 1, limit);
  const message exact = parts_of({1, limit - 1});
  CHECK(same(pair.pass(exact), exact));
}

void zero_length_message(const transport_factory &factory) {
  couple pair(factory);
  const message came = pair.pass(message_of(0));
  REQUIRE(came.size() == 1);
  CHECK(came[0].empty());
}

void zero_length_parts(const transport_factory &factory) {
  couple pair(factory);
  for (const message &one : {parts_of({10, 0, 20}), parts_of({0, 0, 0}), parts_of({10, 0}), parts_of({0, 10})}) {
    CHECK(same(pair.pass(one), one));
  }
}

void header_only_message(const transport_factory &factory) {
  couple pair(factory);
  const message header = parts_of({100});
  CHECK(same(pair.pass(header), header));
}

void oversize_inbound_event_before_down(const transport_factory &factory) {
  constexpr std::uint64_t smaller = 64U << 10U;
  couple pair(factory, {}, {.message_bytes_max = smaller}); // the near side never heard of the smaller limit
  pair.near.post(pair.link.near, message_of(100, 1));
  pair.near.post(pair.link.near, message_of(smaller + 1));
  link_record &far = pair.far.at(pair.link.far);
  REQUIRE(pair.rig.run_until([&] { return far.down && pair.near.at(pair.link.near).down; }));
  REQUIRE(far.oversize.has_value());
  CHECK(far.oversize->actual_bytes == smaller + 1);
  CHECK(far.oversize->limit_bytes == smaller);
  CHECK_FALSE(far.oversize->peer.empty());
  CHECK(far.messages.size() == 1); // what came before it was delivered
  CHECK(pair.far.events().back().what == kind::link_down);
}

void oversize_inbound_spares_other_links(const transport_factory &factory) {
  constexpr std::uint64_t smaller = 64U << 10U;
  couple pair(factory, {}, {.message_bytes_max = smaller});
  node &innocent = pair.rig.make();
  const link_pair other = pair.rig.marry(innocent, pair.far, pair.address);
  pair.near.post(pair.link.near, message_of(smaller + 1));
  REQUIRE(pair.rig.run_until([&] { return pair.far.at(pair.link.far).down.has_value(); }));
  const message small = message_of(smaller);
  CHECK(same(pair.rig.pass(innocent, other.near, pair.far, other.far, small), small));
}

constexpr suite_case cases[] = {
    {"limits-not-unbounded", &limits_not_unbounded},
    {"send-limit-minus-one-delivered", &send_below_limit_delivered},
    {"send-exactly-limit-delivered", &send_exactly_limit_delivered},
    {"send-limit-plus-one-too-large", &send_limit_plus_one_too_large},
    {"too-large-reports-actual-and-limit", &too_large_reports_actual_and_limit},
    {"too-large-is-synchronous", &too_large_is_synchronous},
    {"too-large-keeps-link-up", &too_large_keeps_link_up},
    {"too-large-then-small-still-delivered", &too_large_then_small_still_delivered},
    {"too-large-between-others", &too_large_between_others},
    {"local-link-same-limit-as-remote", &local_link_same_limit_as_remote},
    {"peer-smaller-limit-wins", &peer_smaller_limit_wins},
    {"limit-lowered-midstream", &limit_lowered_midstream},
    {"limit-never-raised", &limit_never_raised},
    {"scatter-total-counts-not-max-part", &scatter_total_counts_not_max_part},
    {"header-part-counts", &header_part_counts},
    {"zero-length-message", &zero_length_message},
    {"zero-length-parts", &zero_length_parts},
    {"header-only-message", &header_only_message},
    {"oversize-inbound-event-before-down", &oversize_inbound_event_before_down},
    {"oversize-inbound-spares-other-links", &oversize_inbound_spares_other_links},
};

} // namespace

std::span<const suite_case> size_cases() {
  return cases;
}

} // namespace outsize::suite
