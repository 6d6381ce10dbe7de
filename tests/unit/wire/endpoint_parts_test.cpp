#include "support/samples.hpp"
#include "support/world.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using namespace outsize;
using namespace outsize::wire;
using namespace outsize::wire::test;

namespace {

/// Watches the messages of one direction: sizes, kinds and how much is out without credit.
struct wire_watch {
  explicit wire_watch(linked_pair &pair) {
    pair.net.tap = [this](const std::string &, bool from_listener, const std::vector<buffer> &parts) {
      std::uint64_t bytes = 0;
      for (const buffer &one : parts) {
        bytes += one.size();
      }
      const kind what = decode_envelope(parts.front().span())->what;
      largest = std::max(largest, bytes);
      if (!from_listener && what == kind::part && bytes > parts.front().size()) {
        ++parts_of_a;
        uncredited += bytes;
        most_uncredited = std::max(most_uncredited, uncredited);
      }
      if (!from_listener && what == kind::part && bytes == parts.front().size()) {
        ++ends_of_a;
      }
      if (from_listener && what == kind::credit) {
        uncredited -= decode<credit>(parts.front())->bytes;
      }
    };
  }
  std::uint64_t largest = 0;
  std::uint64_t parts_of_a = 0;
  std::uint64_t ends_of_a = 0;
  std::uint64_t uncredited = 0;
  std::uint64_t most_uncredited = 0;
};

bool same(const rope &left, const rope &right) {
  return left.size() == right.size() && digest_of(left) == digest_of(right);
}

/// A peer with a link to b that sends parts by hand.
struct forger {
  linked_pair pair;
  raw_peer peer{pair, "scripted://b"};
  rope whole;
  std::uint64_t header_bytes = 0;

  explicit forger(std::uint64_t payload_bytes = 10 * kib, std::uint64_t number = 5) {
    peer.greet();
    const buffer header = number == 0 ? seal_envelope(encode(release{}), kind::release, 0)
                                      : seal_envelope(encode(store{}), kind::store, number);
    header_bytes = header.size();
    whole.append(header);
    whole.append(pattern(payload_bytes));
  }
  void send(const part &head, std::uint64_t from, std::uint64_t bytes) {
    peer.send_message(head, 0, whole.slice(from, bytes));
  }
  void send(std::uint64_t from, std::uint64_t bytes, std::uint64_t name = 1) {
    send({name, header_bytes, whole.size(), from}, from, bytes);
  }
  void check_closed() {
    pair.run_for(1s);
    CHECK(pair.b.misbehaviours.size() == 1);
    CHECK(peer.is_down);
    CHECK(pair.b.inside.assembly_bytes() == 0);
    CHECK(pair.b.inside.links().size() == 1);
  }
};

} // namespace

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

TEST_CASE("large message: the owner is asked once, before it is whole, and may refuse") {
  linked_pair pair;
  pair.net.bytes_per_ms = 1 * mib;
  pair.net.delay = 1ms;
  wire_watch watch(pair);
  pair.b.large_rule = [&](const large_offer &offer) {
    CHECK(offer.what == kind::store);
    CHECK(decode<store>(offer.header));
    CHECK(pair.b.inside.assembly_bytes() <= part_bytes_max);
    return large_decision::refused(make_error(code::set_aside, "not today"));
  };
  std::vector<error> refused;
  pair.a.inside.request(pair.link_of_a(), store_of(30 * mib), never,
                        [&](const result<incoming> &one) { refused.push_back(one.error()); });
  pair.run_for(5s);
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].code == code::set_aside);
  CHECK(pair.b.offers == std::vector<std::uint64_t>{30 * mib});
  CHECK(pair.b.messages.empty());
  CHECK(watch.parts_of_a < 10); // the sender stopped
  CHECK(watch.ends_of_a == 1);
  CHECK(pair.b.inside.assembly_bytes() == 0);
  CHECK(pair.a.inside.counters(pair.link_of_a()).queued_bytes == 0);

  pair.b.large_rule = nullptr;
  pair.answer_everything();
  bool answered = false;
  pair.a.inside.request(pair.link_of_a(), store_of(30 * mib), never,
                        [&](const result<incoming> &one) { answered = one.has_value(); });
  CHECK(pair.run_until([&] { return answered; })); // the credit of what was dropped came back
}

TEST_CASE("large message: the owner may answer it before the rest has come") {
  linked_pair pair;
  pair.net.bytes_per_ms = 1 * mib;
  wire_watch watch(pair);
  pair.b.large_rule = [&](const large_offer &offer) {
    pair.b.inside.answer(offer.link.id, offer.number, make_outgoing(sample<stored>()));
    return large_decision::answered();
  };
  std::vector<kind> answered;
  pair.a.inside.request(pair.link_of_a(), store_of(30 * mib), never,
                        [&](const result<incoming> &one) { answered.push_back(one.value().what); });
  pair.run_for(5s);
  CHECK(answered == std::vector<kind>{kind::stored});
  CHECK(pair.b.messages.empty());
  CHECK(watch.ends_of_a == 1);
  CHECK(pair.b.inside.assembly_bytes() == 0);
  CHECK(pair.b.misbehaviours.empty());
}

TEST_CASE("large message: one over the receiver's budget is too_large, at it is taken") {
  for (const std::uint64_t above : {0U, 1U}) {
    endpoint_options of_b = world::options_of("b");
    of_b.assembly_bytes_max = 3 * mib;
    linked_pair pair(world::options_of("a"), of_b);
    pair.answer_everything();
    code outcome = code::internal;
    std::uint64_t limit = 0;
    pair.a.inside.request(pair.link_of_a(), store_message_of(3 * mib + above), never, [&](const result<incoming> &one) {
      outcome = one ? code::ok : one.error().code;
      limit = one ? 0 : one.error().limit_bytes;
    });
    pair.run_for(1s);
    CHECK(outcome == (above == 0 ? code::ok : code::too_large));
    CHECK(limit == (above == 0 ? 0 : 3 * mib));
  }
}

TEST_CASE("large message: what is held never passes the budget, the oldest gets through, others come later") {
  endpoint_options of_b = world::options_of("b");
  of_b.assembly_bytes_max = 4 * mib;
  linked_pair pair(world::options_of("a"), of_b);
  pair.net.bytes_per_ms = 1 * mib;
  pair.answer_everything();
  std::vector<code> outcomes(4, code::internal);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    pair.a.inside.request(pair.link_of_a(), store_of(3 * mib, i), never,
                          [&, i](const result<incoming> &one) { outcomes[i] = one ? code::ok : one.error().code; });
  }
  std::uint64_t most = 0;
  pair.run_until(pair.now + 1s, [&] {
    most = std::max(most, pair.b.inside.assembly_bytes());
    return false;
  });
  CHECK(most <= 4 * mib);
  CHECK(outcomes[0] == code::ok);
  CHECK(std::count(outcomes.begin(), outcomes.end(), code::overloaded) > 0);
  CHECK(std::count(outcomes.begin(), outcomes.end(), code::internal) == 0);
  CHECK(pair.b.inside.assembly_bytes() == 0);
}

TEST_CASE("large message: an answer over the asker's budget fails the request and stops the sender") {
  endpoint_options of_a = world::options_of("a");
  of_a.assembly_bytes_max = 2 * mib;
  linked_pair pair(of_a, world::options_of("b"));
  pair.net.bytes_per_ms = 1 * mib;
  pair.b.message_rule = [&](incoming &message) {
    pair.b.inside.answer(message.link, message.number, make_outgoing(command_result{}, pattern(30 * mib)));
  };
  std::vector<error> refused;
  pair.a.inside.request(pair.link_of_a(), small_request(), never,
                        [&](const result<incoming> &one) { refused.push_back(one.error()); });
  pair.run_for(1s);
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].code == code::too_large);
  CHECK(pair.b.inside.counters(pair.link_of_b()).queued_bytes == 0);
  CHECK(pair.b.inside.counters(pair.link_of_b()).bytes_sent < 10 * mib);
}

TEST_CASE("large message: withdrawn on its way, the rest stays at home and nothing is kept") {
  linked_pair pair;
  pair.net.bytes_per_ms = 1 * mib;
  wire_watch watch(pair);
  const std::uint64_t number = pair.a.inside.request(pair.link_of_a(), store_of(30 * mib), never,
                                                     [](const result<incoming> &) { FAIL("was withdrawn"); });
  pair.run_for(5ms);
  CHECK(pair.b.inside.assembly_bytes() > 0);
  pair.a.inside.withdraw_request(pair.link_of_a(), number);
  pair.run_for(1s);
  CHECK(watch.ends_of_a == 1);
  CHECK(watch.parts_of_a < 10);
  CHECK(pair.b.inside.assembly_bytes() == 0);
  CHECK(pair.b.messages.empty());
  CHECK(pair.a.inside.counters(pair.link_of_a()).queued_bytes == 0);
}

TEST_CASE("large message: an answer that times out on its way is dropped and its sender stopped") {
  linked_pair pair;
  pair.net.bytes_per_ms = 1 * mib;
  pair.b.message_rule = [&](incoming &message) {
    pair.b.inside.answer(message.link, message.number, make_outgoing(command_result{}, pattern(30 * mib)));
  };
  std::vector<error> failed;
  pair.a.inside.request(pair.link_of_a(), small_request(), pair.now + 10ms,
                        [&](const result<incoming> &one) { failed.push_back(one.error()); });
  pair.run_for(1s);
  REQUIRE(failed.size() == 1);
  CHECK(failed[0].code == code::timed_out);
  CHECK(pair.a.inside.assembly_bytes() == 0);
  CHECK(pair.b.inside.counters(pair.link_of_b()).bytes_sent < 15 * mib);
  CHECK(pair.a.misbehaviours.empty());
}

TEST_CASE("large message: a link that goes down in the middle leaves nothing and delivers nothing") {
  linked_pair pair;
  pair.net.bytes_per_ms = 1 * mib;
  code outcome = code::ok;
  pair.a.inside.request(pair.link_of_a(), store_of(30 * mib), never,
                        [&](const result<incoming> &one) { outcome = one.error().code; });
  pair.run_for(10ms);
  CHECK(pair.b.inside.assembly_bytes() > 0);
  pair.net.cut_all();
  pair.run_for(5s);
  CHECK(outcome == code::link_down);
  CHECK(pair.b.inside.assembly_bytes() == 0);
  CHECK(pair.b.messages.empty());
}

TEST_CASE("large message: one that stops coming is closed, with its link") {
  forger from;
  from.send(0, 4 * kib);
  from.pair.run_for(1s);
  CHECK(from.pair.b.inside.assembly_bytes() == 4 * kib);
  for (int i = 0; i < 29; ++i) {
    from.peer.send_message(ping{}, 1);
    from.pair.run_for(1s);
  }
  CHECK_FALSE(from.peer.is_down);
  for (int i = 0; i < 3; ++i) {
    from.peer.send_message(ping{}, 1);
    from.pair.run_for(1s);
  }
  from.check_closed();
}

TEST_CASE("large message: a stalled one gives way when others need the room") {
  endpoint_options of_b = world::options_of("b");
  of_b.assembly_bytes_max = 4 * mib;
  linked_pair pair(world::options_of("a"), of_b);
  pair.net.bytes_per_ms = kib;
  pair.answer_everything();
  raw_peer peer(pair, "scripted://b");
  peer.greet();
  rope whole(seal_envelope(encode(store{}), kind::store, 5));
  const std::uint64_t header_bytes = whole.size();
  whole.append(pattern(2 * mib));
  peer.send_message(part{1, header_bytes, whole.size(), 0}, 0, whole.slice(0, 4 * kib));
  peer.settle();
  // The good one fits beside what has come so far, but not beside the megabyte that comes after it has begun.
  code outcome = code::internal;
  pair.a.inside.request(pair.link_of_a(), store_message_of(4 * mib - 8 * kib), never,
                        [&](const result<incoming> &one) { outcome = one ? code::ok : one.error().code; });
  pair.run_for(1100ms);
  peer.send_message(part{1, header_bytes, whole.size(), 4 * kib}, 0, whole.slice(4 * kib, mib - kib));
  pair.run_for(10s);
  CHECK(outcome == code::ok);
  REQUIRE(peer.count(kind::failure) == 1);
  CHECK(peer.last<failure>()->why.why == code::overloaded);
  CHECK(pair.b.inside.assembly_bytes() == 0);
}

TEST_CASE("forged parts: good ones are taken") {
  forger from;
  from.send(0, 4 * kib);
  from.send(4 * kib, from.whole.size() - 4 * kib);
  from.peer.settle();
  REQUIRE(from.pair.b.messages.size() == 1);
  CHECK(same(from.pair.b.messages[0].payload, pattern(10 * kib)));
  CHECK(from.pair.b.inside.assembly_bytes() == 0);
}

TEST_CASE("forged parts: a gap, a repeat, an overlap close the link") {
  for (const std::uint64_t from_byte : {4 * kib + 1, std::uint64_t{0}, 4 * kib - 1}) {
    forger from;
    from.send(0, 4 * kib);
    from.send(from_byte, 4 * kib);
    from.check_closed();
  }
}

TEST_CASE("forged parts: one that begins in the middle, or with a name used before, closes the link") {
  SECTION("in the middle") {
    forger from;
    from.send(4 * kib, 4 * kib);
    from.check_closed();
  }
  SECTION("a name used before") {
    forger from;
    from.send(0, 4 * kib);
    from.send(4 * kib, from.whole.size() - 4 * kib);
    from.send(0, 4 * kib);
    from.check_closed();
  }
}

TEST_CASE("forged parts: sizes that change on the way close the link") {
  for (const bool total : {true, false}) {
    forger from;
    from.send(0, 4 * kib);
    part head{1, from.header_bytes, from.whole.size(), 4 * kib};
    (total ? head.total_bytes : head.header_bytes) += 1;
    from.send(head, 4 * kib, 4 * kib);
    from.check_closed();
  }
}

TEST_CASE("forged parts: impossible sizes close the link, whatever they declare") {
  struct forged {
    std::uint64_t header_bytes;
    std::uint64_t total_bytes;
  };
  const forged sizes[] = {{0, 10 * kib},
                          {envelope_bytes - 1, 10 * kib},
                          {10 * kib + 1, 10 * kib},
                          {header_part_bytes_max + 1, 10 * mib},
                          {100, UINT64_MAX},
                          {UINT64_MAX, UINT64_MAX},
                          {100, message_limit_bytes_max + 1}};
  for (const forged &one : sizes) {
    INFO(one.header_bytes << " of " << one.total_bytes);
    forger from;
    from.send({1, one.header_bytes, one.total_bytes, 0}, 0, 4 * kib);
    from.check_closed();
  }
}

TEST_CASE("forged parts: a huge total that is not sent holds what came and no more") {
  forger from;
  from.send({1, from.header_bytes, 60 * mib, 0}, 0, 4 * kib);
  from.peer.settle();
  CHECK(from.pair.b.inside.assembly_bytes() == 4 * kib);
  CHECK_FALSE(from.peer.is_down);
}

TEST_CASE("forged parts: a piece below the least, or larger than what is left, closes the link") {
  SECTION("at the least") {
    forger from;
    from.send(0, part_piece_bytes_min);
    from.peer.settle();
    CHECK(from.pair.b.misbehaviours.empty());
  }
  SECTION("one below the least") {
    forger from;
    from.send(0, part_piece_bytes_min - 1);
    from.check_closed();
  }
  SECTION("larger than what is left") {
    forger from;
    from.send({1, from.header_bytes, 4 * kib, 0}, 0, 5 * kib);
    from.check_closed();
  }
}

TEST_CASE("forged parts: more than the window without credit closes the link") {
  endpoint_options of_b = world::options_of("b");
  of_b.self.part_window_bytes = 64 * kib;
  linked_pair pair(world::options_of("a"), of_b);
  raw_peer peer(pair, "scripted://b");
  peer.greet();
  const buffer header = seal_envelope(encode(store{}), kind::store, 5);
  rope whole(header);
  whole.append(pattern(mib));
  peer.send_message(part{1, header.size(), whole.size(), 0}, 0, whole.slice(0, 64 * kib));
  pair.run_for(1s);
  CHECK(pair.b.misbehaviours.size() == 1);
  CHECK(peer.is_down);
}

TEST_CASE("forged parts: too many messages under way close the link (at the limit, one above)") {
  forger from(10 * kib, 0); // without a number, so that it is not used twice
  for (std::uint64_t name = 1; name <= large_messages_max; ++name) {
    from.send(0, part_piece_bytes_min, name);
  }
  from.peer.settle();
  CHECK(from.pair.b.misbehaviours.empty());
  from.send(0, part_piece_bytes_min, large_messages_max + 1);
  from.check_closed();
}

TEST_CASE("forged parts: a request whose number is in use closes the link") {
  forger from;
  from.send(0, 4 * kib, 1);
  from.peer.settle();
  CHECK(from.pair.b.misbehaviours.empty());
  from.send(0, 4 * kib, 2);
  from.check_closed();
}

TEST_CASE("forged parts: the endpoint's own kinds do not come in parts") {
  linked_pair pair;
  raw_peer peer(pair, "scripted://b");
  peer.greet();
  rope whole(seal_envelope(encode(part{}), kind::part, 0));
  whole.append(pattern(10 * kib));
  peer.send_message(part{1, part_overhead_bytes, whole.size(), 0}, 0, whole.slice(0, 4 * kib));
  pair.run_for(1s);
  CHECK(pair.b.misbehaviours.size() == 1);
  CHECK(peer.is_down);
}

TEST_CASE("forged parts: the end of a message that nobody knows is ignored") {
  forger from;
  from.send({9, 0, 0, 0}, 0, 0);
  from.peer.settle();
  CHECK(from.pair.b.misbehaviours.empty());
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
