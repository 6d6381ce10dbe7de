#include "support/parts.hpp"

using namespace std::chrono_literals;
using namespace outsize;
using namespace outsize::wire;
using namespace outsize::wire::test;

TEST_CASE("parts: a message goes whole up to one part's size, in parts above (one below, at, one above)") {
  for (const std::uint64_t bytes : {part_bytes_max - 1, part_bytes_max, part_bytes_max + 1}) {
    linked_pair pair;
    wire_watch watch(pair);
    pair.answer_everything();
    int answered = 0;
    pair.a.inside.request(pair.link_of_a(), store_message_of(bytes), never,
                          [&](const result<incoming> &one) { answered += one ? 1 : 0; });
    pair.run_for(1s);
    CHECK(answered == 1);
    CHECK(watch.parts_of_a == (bytes > part_bytes_max ? 2 : 0));
    CHECK(watch.largest <= part_bytes_max);
    REQUIRE(pair.b.messages.size() == 1);
    CHECK(same(pair.b.messages[0].payload, pattern(bytes - header_bytes_of_store())));
  }
}

TEST_CASE("parts: no message is larger than a link's limit of 4 KiB (one below, at, one above, 1 MiB)") {
  for (const std::uint64_t bytes :
       {message_limit_bytes_min - 1, message_limit_bytes_min, message_limit_bytes_min + 1, mib}) {
    linked_pair pair(32 * mib, message_limit_bytes_min);
    wire_watch watch(pair);
    pair.answer_everything();
    int answered = 0;
    pair.a.inside.request(pair.link_of_a(), store_message_of(bytes), never,
                          [&](const result<incoming> &one) { answered += one ? 1 : 0; });
    pair.run_for(1s);
    CHECK(answered == 1);
    CHECK((watch.parts_of_a > 0) == (bytes > message_limit_bytes_min));
    CHECK(watch.largest <= message_limit_bytes_min);
    REQUIRE(pair.b.messages.size() == 1);
    CHECK(same(pair.b.messages[0].payload, pattern(bytes - header_bytes_of_store())));
  }
}

TEST_CASE("parts: a header part larger than a part comes whole") {
  linked_pair pair(message_limit_bytes_min, message_limit_bytes_min);
  command_result large;
  large.result.assign(100'000, 'j');
  pair.b.message_rule = [&](incoming &message) {
    pair.b.inside.answer(message.link, message.number, make_outgoing(large));
  };
  std::string got;
  pair.a.inside.request(pair.link_of_a(), small_request(), never, [&](const result<incoming> &one) {
    got = decode<command_result>(one.value().header).value().result;
  });
  pair.run_for(1s);
  CHECK(got == large.result);
  CHECK(pair.a.offers.empty()); // answers were asked for
}

TEST_CASE("parts: a header part at its limit and one byte above") {
  for (const std::uint64_t above : {0U, 1U}) {
    linked_pair pair;
    command large;
    const std::uint64_t grown = size_of::str_head(header_part_bytes_max) - size_of::str_head(0);
    large.arguments.assign(header_part_bytes_max - encode(command{}).size() - grown + above, 'j');
    code outcome = code::ok;
    pair.answer_everything();
    pair.a.inside.request(pair.link_of_a(), make_outgoing(large), never,
                          [&](const result<incoming> &one) { outcome = one ? code::ok : one.error().code; });
    pair.run_for(1s);
    CHECK(outcome == (above == 0 ? code::ok : code::too_large));
  }
}

TEST_CASE("parts: both directions at once, several messages each") {
  linked_pair pair;
  pair.net.bytes_per_ms = 100 * kib;
  int answered = 0;
  pair.b.message_rule = [&](incoming &message) {
    pair.b.inside.answer(message.link, message.number, make_outgoing(stored{}, message.payload, message.number));
  };
  for (std::uint64_t i = 1; i <= 6; ++i) {
    pair.a.inside.request(pair.link_of_a(), store_of(i * mib + i, i), never, [&, i](const result<incoming> &one) {
      REQUIRE(one);
      CHECK(same(one->payload, pattern(i * mib + i)));
      ++answered;
    });
  }
  CHECK(pair.run_until([&] { return answered == 6; }));
  pair.run_for(1s);
  CHECK(pair.a.inside.assembly_bytes() == 0);
  CHECK(pair.b.inside.assembly_bytes() == 0);
  CHECK(pair.a.inside.counters(pair.link_of_a()).queued_bytes == 0);
}

TEST_CASE("parts: a 32 MiB message delays a small one of another stream by at most the window") {
  linked_pair pair(64 * mib, 64 * mib);
  constexpr std::uint64_t bytes_per_ms = 1 * mib;
  pair.net.bytes_per_ms = bytes_per_ms;
  pair.answer_everything();
  bool large_done = false;
  pair.a.inside.request(pair.link_of_a(), store_of(32 * mib, 1), never,
                        [&](const result<incoming> &) { large_done = true; });
  pair.run_for(10ms);
  const time_point asked = pair.now;
  bool small_done = false;
  pair.a.inside.request(pair.link_of_a(), small_request(2), never,
                        [&](const result<incoming> &) { small_done = true; });
  CHECK(pair.run_until([&] { return small_done; }));
  CHECK_FALSE(large_done);
  CHECK(pair.now - asked <= std::chrono::milliseconds(part_window_bytes_default / bytes_per_ms));
  CHECK(pair.run_until([&] { return large_done; }));
}

TEST_CASE("parts: large messages of different streams take turns, those of one stream keep their order") {
  linked_pair pair;
  pair.net.bytes_per_ms = 1 * mib;
  std::vector<std::uint64_t> done;
  const auto ask = [&](std::uint64_t mibs, std::uint64_t stream, std::uint64_t name) {
    pair.a.inside.request(pair.link_of_a(), store_of(mibs * mib, stream), never,
                          [&, name](const result<incoming> &) { done.push_back(name); });
  };
  pair.answer_everything();
  ask(8, 1, 11);
  ask(2, 1, 12);
  ask(2, 2, 21);
  ask(2, 3, 31);
  CHECK(pair.run_until([&] { return done.size() == 4; }));
  CHECK(done == std::vector<std::uint64_t>{21, 31, 11, 12});
}

TEST_CASE("parts: a small message behind a large one of its stream waits for it") {
  linked_pair pair;
  std::vector<kind> order;
  pair.b.message_rule = [&](incoming &message) { order.push_back(message.what); };
  pair.a.inside.request(pair.link_of_a(), store_of(3 * mib, 1), never, [](const result<incoming> &) {});
  pair.a.inside.request(pair.link_of_a(), small_request(1), never, [](const result<incoming> &) {});
  pair.run_for(1s);
  CHECK(order == std::vector<kind>{kind::store, kind::command});
}

TEST_CASE("parts: never more out than the peer's window (4 MiB, 1 MiB, the smallest)") {
  for (const std::uint64_t window : {4 * mib, 1 * mib, part_window_bytes_min}) {
    endpoint_options of_b = world::options_of("b");
    of_b.self.part_window_bytes = window;
    linked_pair pair(world::options_of("a"), of_b);
    pair.net.delay = 1ms;
    wire_watch watch(pair);
    pair.answer_everything();
    int answered = 0;
    for (std::uint64_t stream = 0; stream < 3; ++stream) {
      pair.a.inside.request(pair.link_of_a(), store_of(6 * mib, stream), never,
                            [&](const result<incoming> &one) { answered += one ? 1 : 0; });
    }
    CHECK(pair.run_until([&] { return answered == 3; }));
    CHECK(watch.most_uncredited <= window);
    CHECK(watch.most_uncredited > window / 2);
    CHECK(pair.b.misbehaviours.empty());
  }
}

TEST_CASE("parts: a peer that takes none gets whole messages up to the limit, above it too_large") {
  linked_pair pair;
  raw_peer peer(pair, "scripted://b");
  peer.greet(0, 2 * mib);
  const link_id link = pair.b.ups.back().id;
  std::vector<code> outcomes;
  for (const std::uint64_t bytes : {2 * mib, 2 * mib + 1}) {
    pair.b.inside.request(link, store_message_of(bytes), never,
                          [&](const result<incoming> &one) { outcomes.push_back(one ? code::ok : one.error().code); });
  }
  peer.settle();
  CHECK(outcomes == std::vector<code>{code::too_large});
  CHECK(peer.count(kind::store) == 1);
  CHECK(peer.count(kind::part) == 0);
}

TEST_CASE("parts: thousands of tiny buffers in one message cross intact") {
  linked_pair pair;
  rope payload;
  const buffer bytes = pattern(3 * mib).flatten();
  for (std::uint64_t at = 0; at < bytes.size(); at += 300) {
    payload.append(buffer::copy_of(bytes.slice(at, std::min<std::uint64_t>(300, bytes.size() - at)).span()));
  }
  REQUIRE(payload.parts().size() > 10'000);
  pair.a.inside.request(pair.link_of_a(), make_outgoing(store{}, payload), never, [](const result<incoming> &) {});
  pair.run_for(1s);
  REQUIRE(pair.b.messages.size() == 1);
  CHECK(same(pair.b.messages[0].payload, payload));
}

TEST_CASE("parts: a message never has more buffers than transports take (one below, at, one above)") {
  for (const std::uint64_t buffers :
       {OUTSIZE_MESSAGE_PARTS_MAX - 1U, OUTSIZE_MESSAGE_PARTS_MAX + 0U, OUTSIZE_MESSAGE_PARTS_MAX + 1U}) {
    linked_pair pair;
    std::size_t most = 0;
    pair.net.tap = [&](const std::string &, bool, const std::vector<buffer> &parts) {
      most = std::max(most, parts.size());
    };
    rope payload;
    for (std::uint64_t i = 1; i < buffers; ++i) { // the header part is one of them
      payload.append(pattern(i % 7 + 1).flatten());
    }
    pair.a.inside.request(pair.link_of_a(), make_outgoing(store{}, payload), never, [](const result<incoming> &) {});
    pair.run_for(1s);
    REQUIRE(pair.b.messages.size() == 1);
    CHECK(same(pair.b.messages[0].payload, payload));
    CHECK(most == (buffers > OUTSIZE_MESSAGE_PARTS_MAX ? 2 : buffers));
  }
}
