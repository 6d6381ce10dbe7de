#include "cases.hpp"

#include <random>

namespace outsize::suite {

namespace {

/// Streams and waits until all has come; checks that each is what was sent, in order, once.
void check_stream(couple &pair, std::size_t count, const std::function<message(std::size_t)> &make) {
  const std::vector<message> &came = pair.far.at(pair.link.far).messages;
  pair.rig.stream(pair.near, pair.link.near, count, make);
  REQUIRE(pair.rig.run_until([&] { return came.size() >= count; }));
  REQUIRE(pair.rig.settle());
  REQUIRE(came.size() == count);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < count; ++i) {
    wrong += same(came[i], make(i)) ? 0U : 1U;
  }
  CHECK(wrong == 0);
}

void in_order_10k(const transport_factory &factory) {
  couple pair(factory);
  check_stream(pair, 10'000, [](std::size_t i) {
    return message{buffer::copy_of(std::to_string(i)), buffer::copy_of(noise(i % 300, i))};
  });
}

void content_integrity_random_sizes(const transport_factory &factory) {
  const std::uint64_t seed = std::random_device{}();
  INFO("seed " << seed);
  couple pair(factory);
  const auto make = [&](std::size_t i) {
    std::mt19937_64 random(seed + i);
    std::vector<std::uint64_t> sizes;
    const std::size_t parts = 1 + random() % 5;
    for (std::size_t part = 0; part < parts; ++part) {
      sizes.push_back(random() % (std::uint64_t{1} << (random() % 18U))); // small ones and large ones alike
    }
    return parts_of(sizes, seed + i);
  };
  check_stream(pair, 500, make);
}

void sizes_around_powers_of_two(const transport_factory &factory) {
  couple pair(factory);
  std::vector<std::uint64_t> sizes;
  for (std::uint64_t power = 1; power <= (1U << 20U); power *= 2) {
    for (const std::uint64_t size : {power - 1, power, power + 1}) {
      if (size <= pair.near.limit()) {
        sizes.push_back(size);
      }
    }
  }
  check_stream(pair, sizes.size(), [&](std::size_t i) { return message_of(sizes[i], i); });
}

void both_directions_at_once(const transport_factory &factory) {
  couple pair(factory);
  constexpr std::size_t count = 500;
  const auto there = [](std::size_t i) { return message_of(i * 37, i); };
  const auto back = [](std::size_t i) { return message_of(i * 23, i + count); };
  for (std::size_t i = 0; i < count; ++i) {
    pair.rig.stream(pair.near, pair.link.near, 1, [&](std::size_t) { return there(i); });
    pair.rig.stream(pair.far, pair.link.far, 1, [&](std::size_t) { return back(i); });
  }
  const std::vector<message> &came_there = pair.far.at(pair.link.far).messages;
  const std::vector<message> &came_back = pair.near.at(pair.link.near).messages;
  REQUIRE(pair.rig.run_until([&] { return came_there.size() == count && came_back.size() == count; }));
  for (std::size_t i = 0; i < count; ++i) {
    REQUIRE(same(came_there[i], there(i)));
    REQUIRE(same(came_back[i], back(i)));
  }
}

void interleaved_links_isolated(const transport_factory &factory) {
  couple pair(factory);
  const link_pair second = pair.rig.marry(pair.near, pair.far, pair.address);
  REQUIRE(second.near != pair.link.near);
  REQUIRE(second.far != pair.link.far);
  for (std::size_t i = 0; i < 200; ++i) {
    pair.near.post(pair.link.near, message_of(100 + i, 1));
    pair.near.post(second.near, message_of(500 + i, 2));
  }
  const std::vector<message> &first_came = pair.far.at(pair.link.far).messages;
  const std::vector<message> &second_came = pair.far.at(second.far).messages;
  REQUIRE(pair.rig.run_until([&] { return first_came.size() == 200 && second_came.size() == 200; }));
  for (std::size_t i = 0; i < 200; ++i) {
    REQUIRE(same(first_came[i], message_of(100 + i, 1)));
    REQUIRE(same(second_came[i], message_of(500 + i, 2)));
  }
}

void many_parts(const transport_factory &factory) {
  constexpr std::size_t parts_max = OUTSIZE_MESSAGE_PARTS_MAX;
  couple pair(factory);
  for (const std::size_t parts : {parts_max - 1, parts_max}) {
    const message many = parts_of(std::vector<std::uint64_t>(parts, 17));
    CHECK(same(pair.pass(many), many));
  }
}

// A transport that took more than the others would hold a copy that the others can never be sent.
void too_many_parts(const transport_factory &factory) {
  couple pair(factory);
  const message many = parts_of(std::vector<std::uint64_t>(OUTSIZE_MESSAGE_PARTS_MAX + 1, 17));
  const result<sent> answer = pair.near.send(pair.link.near, many, pair.near.next_token());
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().code == code::invalid_argument);
  const message next = message_of(10);
  CHECK(same(pair.pass(next), next));
}

void answers_from_inside_on_event(const transport_factory &factory) {
  couple pair(factory);
  pair.far.on_event = [&](transport_event &event) {
    if (event.what == kind::message) {
      pair.far.post(event.link, event.parts);
    }
  };
  for (std::uint64_t i = 0; i < 200; ++i) {
    pair.near.post(pair.link.near, message_of(i * 50, i));
  }
  const std::vector<message> &echoes = pair.near.at(pair.link.near).messages;
  REQUIRE(pair.rig.run_until([&] { return echoes.size() == 200; }));
  for (std::uint64_t i = 0; i < 200; ++i) {
    REQUIRE(same(echoes[i], message_of(i * 50, i)));
  }
}

void stats_count(const transport_factory &factory) {
  couple pair(factory);
  check_stream(pair, 100, [](std::size_t i) { return message_of(1000, i); });
  REQUIRE(pair.rig.settle());
  const outsize_link_stats near = pair.near.stats(pair.link.near);
  const outsize_link_stats far = pair.far.stats(pair.link.far);
  CHECK(near.messages_sent == 100);
  CHECK(far.messages_received == 100);
  CHECK(near.bytes_sent >= 100'000);
  CHECK(far.bytes_received >= 100'000);
  CHECK(near.queued_bytes == 0);
}

// The layer above tells a slow link from a dead one by this counter.
void bytes_received_moves_during_a_large_message(const transport_factory &factory) {
  constexpr std::uint64_t large = 48U << 20U;
  const node_options roomy{.message_bytes_max = large, .memory_bytes_max = 2 * large};
  couple pair(factory, roomy, roomy);
  std::uint64_t last = pair.far.stats(pair.link.far).bytes_received;
  std::size_t moves = 0;
  pair.near.post(pair.link.near, message_of(large));
  link_record &far = pair.far.at(pair.link.far);
  REQUIRE(pair.rig.run_until([&] {
    const std::uint64_t now = far.messages.empty() ? pair.far.stats(pair.link.far).bytes_received : last;
    moves += now != last ? 1U : 0U;
    last = now;
    return !far.messages.empty();
  }));
  CHECK(pair.far.stats(pair.link.far).bytes_received >= large);
  CHECK((moves >= 3 || !factory.arrives_in_pieces));
}

constexpr suite_case cases[] = {
    {"in-order-10k", &in_order_10k},
    {"content-integrity-random-sizes", &content_integrity_random_sizes},
    {"content-integrity-around-powers-of-two", &sizes_around_powers_of_two},
    {"both-directions-at-once", &both_directions_at_once},
    {"interleaved-links-isolated", &interleaved_links_isolated},
    {"most-parts-delivered", &many_parts},
    {"most-parts-plus-one-refused", &too_many_parts},
    {"answers-from-inside-on-event", &answers_from_inside_on_event},
    {"stats-count", &stats_count},
    {"bytes-received-moves-during-a-large-message", &bytes_received_moves_during_a_large_message},
};

} // namespace

std::span<const suite_case> delivery_cases() {
  return cases;
}

} // namespace outsize::suite
