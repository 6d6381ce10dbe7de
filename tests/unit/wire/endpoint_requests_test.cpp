#include "support/samples.hpp"
#include "support/world.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using namespace outsize;
using namespace outsize::wire;
using namespace outsize::wire::test;

namespace {

/// What became of requests, in the order they were answered.
struct answers {
  std::vector<result<incoming>> all;
  [[nodiscard]] endpoint::reply take() {
    return [this](result<incoming> one) { all.push_back(std::move(one)); };
  }
};

} // namespace

TEST_CASE("request: is answered once, with the answer") {
  linked_pair pair;
  pair.answer_everything();
  answers got;
  pair.a.inside.request(pair.link_of_a(), small_request(), never, got.take());
  pair.run_for(1s);
  REQUIRE(got.all.size() == 1);
  REQUIRE(got.all[0]);
  CHECK(got.all[0]->what == kind::command_result);
  CHECK(decode<command>(pair.b.messages.at(0).header)->name == "status");
}

TEST_CASE("request: 10,000 at once are each answered, in the order sent") {
  linked_pair pair;
  pair.net.delay = 1ms;
  pair.answer_everything();
  std::vector<std::uint64_t> asked;
  std::vector<std::uint64_t> answered;
  for (int i = 0; i < 10'000; ++i) {
    asked.push_back(
        pair.a.inside.request(pair.link_of_a(), small_request(), pair.now + 10s,
                              [&](const result<incoming> &one) { answered.push_back(one.value().number); }));
  }
  CHECK(pair.a.inside.counters(pair.link_of_a()).requests_in_flight == 10'000);
  pair.run_for(1s);
  CHECK(answered == asked);
  CHECK(pair.a.inside.counters(pair.link_of_a()).requests_in_flight == 0);
}

TEST_CASE("request: a failure is an error with the peer's words and name") {
  linked_pair pair;
  pair.b.message_rule = [&](incoming &message) {
    pair.b.inside.answer_failure(message.link, message.number, sample<failure>().why);
  };
  answers got;
  pair.a.inside.request(pair.link_of_a(), small_request(), never, got.take());
  pair.run_for(1s);
  REQUIRE(got.all.size() == 1);
  CHECK(got.all[0].error().code == code::too_large);
  CHECK(got.all[0].error().limit_bytes == 33554432);
  CHECK(got.all[0].error().peer == "n1");
}

TEST_CASE("request: a refusal too long for the link is cut, not lost") {
  linked_pair pair(message_limit_bytes_min, 32 * mib);
  refusal why = sample<failure>().why;
  why.policy_trace.resize(1000);
  why.text.assign(100'000, 'x');
  pair.b.message_rule = [&](incoming &message) { pair.b.inside.answer_failure(message.link, message.number, why); };
  answers got;
  pair.a.inside.request(pair.link_of_a(), small_request(), never, got.take());
  pair.run_for(1s);
  REQUIRE(got.all.size() == 1);
  CHECK(got.all[0].error().code == code::too_large);
  CHECK(got.all[0].error().text.size() == 384);
}

TEST_CASE("request: times out at its deadline, and a late answer is ignored (one below, at)") {
  linked_pair pair;
  answers got;
  std::size_t withdrawn = 0;
  pair.net.tap = [&](const std::string &, bool, const std::vector<buffer> &parts) {
    withdrawn += decode_envelope(parts.front().span())->what == kind::withdraw ? 1U : 0U;
  };
  const std::uint64_t number = pair.a.inside.request(pair.link_of_a(), small_request(), pair.now + 100ms, got.take());
  pair.run_for(100ms - 1ns);
  CHECK(got.all.empty());
  pair.run_for(1ns);
  REQUIRE(got.all.size() == 1);
  CHECK(got.all[0].error().code == code::timed_out);
  CHECK(withdrawn == 1);
  pair.b.inside.answer(pair.link_of_b(), number, make_outgoing(command_result{}));
  pair.run_for(1s);
  CHECK(got.all.size() == 1);
  CHECK(pair.a.misbehaviours.empty());
}

TEST_CASE("request: one that was withdrawn is never answered, and the peer's answer stays at home") {
  linked_pair pair;
  answers got;
  const std::uint64_t number = pair.a.inside.request(pair.link_of_a(), small_request(), pair.now + 10s, got.take());
  pair.run_for(10ms);
  REQUIRE(pair.b.messages.size() == 1);
  pair.a.inside.withdraw_request(pair.link_of_a(), number);
  pair.run_for(10ms);
  const std::uint64_t sent = pair.b.inside.counters(pair.link_of_b()).messages_sent;
  pair.b.inside.answer(pair.link_of_b(), number, make_outgoing(command_result{}));
  CHECK(pair.b.inside.counters(pair.link_of_b()).messages_sent == sent);
  pair.run_for(20s);
  CHECK(got.all.empty());
}

TEST_CASE("request: on a link that is not there it fails inside the call") {
  linked_pair pair;
  answers got;
  pair.a.inside.request(999, small_request(), never, got.take());
  REQUIRE(got.all.size() == 1);
  CHECK(got.all[0].error().code == code::link_down);
  CHECK(pair.a.inside.send(999, make_outgoing(release{})).error().code == code::link_down);
  pair.a.inside.answer(999, 1, make_outgoing(command_result{}));
  pair.a.inside.withdraw_request(999, 1);
}

TEST_CASE("request: all in flight are answered link_down, once, in order, before the link is said to be down") {
  linked_pair pair;
  std::vector<int> answered;
  std::size_t answered_when_down = 0;
  pair.a.down_rule = [&] { answered_when_down = answered.size(); };
  for (int i = 0; i < 100; ++i) {
    pair.a.inside.request(pair.link_of_a(), small_request(), pair.now + 100ms, [&, i](const result<incoming> &one) {
      CHECK(one.error().code == code::link_down);
      answered.push_back(i);
    });
  }
  pair.net.cut_all();
  pair.run_for(5s);
  CHECK(answered_when_down == 100);
  CHECK(answered.size() == 100);
  CHECK(std::is_sorted(answered.begin(), answered.end()));
}

TEST_CASE("request: an answer may ask again, close the link, hang up") {
  linked_pair pair;
  pair.answer_everything();
  answers second;
  pair.a.inside.request(pair.link_of_a(), small_request(), never, [&](const result<incoming> &) {
    const link_id link = pair.link_of_a();
    pair.a.inside.request(link, small_request(), never, second.take());
    pair.a.inside.close_link(link, make_error(code::cancelled, "enough"));
    pair.a.inside.hang_up(pair.dial);
    pair.a.inside.request(link, small_request(), never, second.take());
  });
  pair.run_for(1s);
  REQUIRE(second.all.size() == 2);
  CHECK(second.all[0].error().code == code::link_down);
  CHECK(second.all[1].error().code == code::link_down);
  CHECK(pair.a.downs.size() == 1);
  CHECK(pair.a.ups.size() == 1);
}

TEST_CASE("request: an answer of the wrong kind closes the link") {
  linked_pair pair;
  pair.b.message_rule = [&](incoming &message) {
    pair.b.inside.answer(message.link, message.number, make_outgoing(tail{}));
  };
  answers got;
  pair.a.inside.request(pair.link_of_a(), small_request(), never, got.take());
  pair.run_for(1s);
  REQUIRE(got.all.size() == 1);
  CHECK(got.all[0].error().code == code::link_down);
  CHECK(pair.a.misbehaviours.size() == 1);
}

TEST_CASE("request: kinds without an answer cannot ask, kinds with one cannot be sent without asking") {
  linked_pair pair;
  answers got;
  pair.a.inside.request(pair.link_of_a(), make_outgoing(release{}), never, got.take());
  REQUIRE(got.all.size() == 1);
  CHECK(got.all[0].error().code == code::invalid_argument);
  CHECK(pair.a.inside.send(pair.link_of_a(), small_request()).error().code == code::invalid_argument);
}

TEST_CASE("send: a message without an answer arrives with number 0") {
  linked_pair pair;
  CHECK(pair.a.inside.send(pair.link_of_a(), make_outgoing(sample<release>())));
  pair.run_for(1s);
  REQUIRE(pair.b.messages.size() == 1);
  CHECK(pair.b.messages[0].what == kind::release);
  CHECK(pair.b.messages[0].number == 0);
}

TEST_CASE("send: a full queue is overloaded (one below, at, one above)") {
  endpoint_options of_a = world::options_of("a");
  of_a.queue_bytes_max = 100'000;
  linked_pair pair(of_a, world::options_of("b"));
  pair.net.queued_bytes_max = 1;
  pair.net.bytes_per_ms = 1;
  answers got;
  const auto ask = [&](std::uint64_t bytes) {
    pair.a.inside.request(pair.link_of_a(), store_message_of(bytes), never, got.take());
  };
  ask(1000); // in the transport
  ask(99'999);
  CHECK(got.all.empty());
  ask(1000);
  REQUIRE(got.all.size() == 1);
  CHECK(got.all[0].error().code == code::overloaded);
  CHECK(got.all[0].error().limit_bytes == 100'000);
  pair.run_for(2s);
  CHECK(pair.b.messages.size() == 1);
  ask(100'001);
  CHECK(got.all.size() == 2);
}

TEST_CASE("send: a busy transport holds messages back until it is writable, in order") {
  linked_pair pair;
  pair.net.queued_bytes_max = 1000;
  pair.net.bytes_per_ms = 10;
  for (offset_t tail = 1; tail <= 200; ++tail) {
    release told;
    told.global_tail = tail;
    CHECK(pair.a.inside.send(pair.link_of_a(), make_outgoing(told)));
  }
  pair.run_for(10s);
  REQUIRE(pair.b.messages.size() == 200);
  for (offset_t tail = 1; tail <= 200; ++tail) {
    CHECK(decode<release>(pair.b.messages[tail - 1].header)->global_tail == tail);
  }
}

TEST_CASE("peer: an unknown kind with a number is answered unsupported, without one ignored") {
  linked_pair pair;
  raw_peer peer(pair, "scripted://b");
  peer.greet();
  writable_buffer header(envelope_bytes);
  header.append(std::vector<std::uint8_t>{0x80});
  peer.send(seal_envelope(std::move(header), static_cast<kind>(999), 5));
  writable_buffer one_way(envelope_bytes);
  one_way.append(std::vector<std::uint8_t>{0x80});
  peer.send(seal_envelope(std::move(one_way), static_cast<kind>(999), 0));
  peer.settle();
  CHECK(peer.count(kind::failure) == 1);
  CHECK(peer.last<failure>()->why.why == code::unsupported);
  CHECK_FALSE(peer.is_down);
}

TEST_CASE("peer: what breaks the protocol closes the link and is told") {
  struct offence {
    const char *name;
    std::function<void(raw_peer &)> commit;
  };
  const offence offences[] = {
      {"garbage", [](raw_peer &peer) { peer.send(buffer::copy_of("\xc1\xc1\xc1")); }},
      {"an empty header part", [](raw_peer &peer) { peer.send(buffer()); }},
      {"a request without a number", [](raw_peer &peer) { peer.send_message(sample<store>(), 0); }},
      {"a number used twice",
       [](raw_peer &peer) {
         peer.send_message(sample<store>(), 5);
         peer.send_message(sample<store>(), 5);
       }},
      {"credit for nothing", [](raw_peer &peer) { peer.send_message(credit{1}); }},
      {"a credit that cannot be read",
       [](raw_peer &peer) { peer.send(seal_envelope(writable_buffer(envelope_bytes), kind::credit, 0)); }},
      {"a withdraw that cannot be read",
       [](raw_peer &peer) { peer.send(seal_envelope(writable_buffer(envelope_bytes), kind::withdraw, 0)); }},
      {"a part that cannot be read",
       [](raw_peer &peer) { peer.send(seal_envelope(writable_buffer(envelope_bytes), kind::part, 0)); }},
      {"a welcome", [](raw_peer &peer) { peer.send_message(sample<welcome>()); }},
  };
  for (const offence &one : offences) {
    INFO(one.name);
    linked_pair pair;
    raw_peer peer(pair, "scripted://b");
    peer.greet();
    one.commit(peer);
    pair.run_for(1s);
    CHECK(pair.b.misbehaviours.size() == 1);
    CHECK(peer.count(kind::goodbye) == 1);
    CHECK(peer.is_down);
    CHECK(pair.b.inside.links().size() == 1); // the other link is unharmed
  }
}

TEST_CASE("peer: answers to nothing are ignored") {
  linked_pair pair;
  raw_peer peer(pair, "scripted://b");
  peer.greet();
  peer.send_message(sample<stored>(), 77);
  peer.send_message(sample<failure>(), 78);
  peer.send_message(withdraw{79});
  peer.settle();
  CHECK(pair.b.misbehaviours.empty());
  CHECK_FALSE(peer.is_down);
}

TEST_CASE("peer: a ping is answered at once with its number") {
  linked_pair pair;
  raw_peer peer(pair, "scripted://b");
  peer.greet();
  peer.send_message(ping{}, 31);
  peer.settle();
  REQUIRE(peer.count(kind::pong) == 1);
}

TEST_CASE("peer: one that asks without reading its answers is closed") {
  linked_pair pair;
  raw_peer peer(pair, "scripted://b");
  peer.greet();
  for (int i = 0; i < 10'000; ++i) {
    peer.send_message(ping{}, 31);
  }
  pair.net.queued_bytes_max = 1;
  pair.net.bytes_per_ms = 1;
  pair.run_for(1s);
  REQUIRE(pair.b.misbehaviours.size() == 1);
  CHECK(pair.b.misbehaviours[0].code == code::overloaded);
  CHECK(peer.is_down);
  CHECK(pair.b.inside.links().size() == 1);
}

TEST_CASE("request: what only nodes may ask ends the link of a client, whole and in parts") {
  for (const std::uint64_t bytes : {std::uint64_t{1}, 3 * mib}) {
    endpoint_options client = world::options_of("a");
    client.self.role = peer_role::client;
    linked_pair pair(client, world::options_of("b"));
    answers got;
    pair.a.inside.request(pair.link_of_a(), store_of(bytes), never, got.take());
    pair.run_for(1s);
    CHECK(pair.b.messages.empty());
    CHECK(pair.b.offers.empty());
    REQUIRE(pair.b.misbehaviours.size() == 1);
    CHECK(pair.b.misbehaviours[0].code == code::malformed);
    CHECK(pair.b.misbehaviours[0].text.find("store came from a client") != std::string::npos);
    REQUIRE(got.all.size() == 1);
    CHECK(got.all[0].error().code == code::link_down);
  }
}

TEST_CASE("request: what is for clients is taken from clients and nodes") {
  for (const peer_role role : {peer_role::client, peer_role::node}) {
    endpoint_options from = world::options_of("a");
    from.self.role = role;
    linked_pair pair(from, world::options_of("b"));
    pair.answer_everything();
    answers got;
    pair.a.inside.request(pair.link_of_a(), small_request(), never, got.take());
    pair.run_for(1s);
    REQUIRE(got.all.size() == 1);
    CHECK(got.all[0]);
  }
}

namespace {

/// Peers that ask b for answers of 3 MiB and give no credit for the parts of them.
struct untaken : world {
  untaken() : b(add_node(options_of("b"))) {
    (void)b.inside.listen("scripted://b").value();
    b.message_rule = [this](incoming &message) {
      if (message.what == kind::command) {
        b.inside.answer(message.link, message.number, make_outgoing(command_result{}, pattern(3 * mib)));
      }
    };
  }
  std::unique_ptr<raw_peer> asker(std::uint64_t questions) {
    auto made = std::make_unique<raw_peer>(*this, "scripted://b");
    made->greet(part_window_bytes_min);
    for (std::uint64_t number = 1; number <= questions; ++number) {
      made->send_message(command{"status", ""}, number);
    }
    run_for(10ms);
    return made;
  }
  test_node &b;
};

} // namespace

TEST_CASE("answers: a peer that takes none of what waits for it loses its link, pongs or not") {
  untaken in;
  const auto silent = in.asker(2);
  const std::uint64_t waiting = in.b.inside.untaken_bytes();
  CHECK(waiting > 5 * mib);
  for (int i = 0; i < 24; ++i) { // alive as can be
    silent->send_message(ping{}, 100);
    in.run_for(400ms);
  }
  CHECK_FALSE(silent->is_down);
  silent->send_message(ping{}, 100);
  in.run_for(2s);
  CHECK(silent->is_down);
  REQUIRE(in.b.misbehaviours.size() == 1);
  CHECK(in.b.misbehaviours[0].text.find("takes nothing") != std::string::npos);
  CHECK(in.b.inside.untaken_bytes() == 0);
}

TEST_CASE("answers: when their memory is wanted, who has most waiting and takes nothing goes first") {
  untaken in;
  const auto little = in.asker(1);
  const auto much = in.asker(3);
  in.b.inside.shed_untaken();
  in.run_for(1s);
  CHECK_FALSE(much->is_down); // it may only be slow
  for (int i = 0; i < 5; ++i) {
    little->send_message(ping{}, 100);
    much->send_message(ping{}, 100);
    in.run_for(400ms);
  }
  in.b.inside.shed_untaken();
  in.run_for(1s);
  CHECK(much->is_down);
  CHECK_FALSE(little->is_down);
}
