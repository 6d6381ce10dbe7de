#include "support/parts.hpp"

using namespace std::chrono_literals;
using namespace outsize;
using namespace outsize::wire;
using namespace outsize::wire::test;

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
