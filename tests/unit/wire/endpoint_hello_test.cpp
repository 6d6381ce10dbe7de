#include "support/samples.hpp"
#include "support/world.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using namespace outsize;
using namespace outsize::wire;
using namespace outsize::wire::test;

namespace {

/// A node that listens, and a raw peer whose link is up.
struct greeted : world {
  explicit greeted(const endpoint_options &options = options_of("b")) : b(add_node(options)) {
    (void)b.inside.listen("scripted://b").value();
    peer = std::make_unique<raw_peer>(*this, "scripted://b");
    peer->wait_up();
  }
  test_node &b;
  std::unique_ptr<raw_peer> peer;

  static hello good_hello() {
    hello made;
    made.protocol_min = made.protocol_max = protocol_version;
    made.node = "raw";
    made.message_limit_bytes = message_limit_bytes_min;
    made.part_window_bytes = part_window_bytes_min;
    return made;
  }

  /// The link was closed with a goodbye of that code, and b was told.
  void check_refused(code why) {
    peer->settle();
    const result<goodbye> parting = peer->last<goodbye>();
    REQUIRE(parting);
    CHECK(parting->why.why == why);
    REQUIRE(b.misbehaviours.size() == 1);
    CHECK(b.misbehaviours.front().code == why);
    CHECK(b.ups.empty());
    run_for(1s);
    CHECK(peer->is_down);
  }
};

} // namespace

TEST_CASE("hello: both sides learn each other and the smaller limit") {
  linked_pair pair(32 * mib, 8 * mib);
  REQUIRE(pair.a.ups.size() == 1);
  REQUIRE(pair.b.ups.size() == 1);
  CHECK(pair.a.ups[0].peer.node == "b");
  CHECK(pair.a.ups[0].limit_bytes == 8 * mib);
  CHECK(pair.a.ups[0].dial == pair.dial);
  CHECK(pair.a.ups[0].link == link_class::stores);
  CHECK(pair.b.ups[0].peer.node == "a");
  CHECK(pair.b.ups[0].limit_bytes == 8 * mib);
  CHECK(pair.b.ups[0].dial == 0);
  CHECK(pair.b.ups[0].link == link_class::stores);
}

TEST_CASE("hello: the smallest legal limits and windows are taken") {
  greeted with;
  with.peer->send_message(greeted::good_hello());
  with.peer->settle();
  REQUIRE(with.b.ups.size() == 1);
  CHECK(with.b.ups[0].limit_bytes == message_limit_bytes_min);
  const result<welcome> answer = with.peer->last<welcome>();
  REQUIRE(answer);
  CHECK(answer->node == "b");
  CHECK(answer->protocol_min == protocol_version);
  CHECK(answer->protocol_max == protocol_version);
  CHECK(answer->part_window_bytes == part_window_bytes_default);
}

TEST_CASE("hello: a newer peer that also speaks our version is taken, the version is chosen") {
  greeted with;
  hello newer = greeted::good_hello();
  newer.protocol_max = 7;
  with.peer->send_message(newer);
  with.peer->settle();
  CHECK(with.b.ups.size() == 1);
  CHECK(with.peer->last<welcome>()->protocol_max == protocol_version);
}

TEST_CASE("hello: no version in common is refused by goodbye") {
  greeted with;
  hello newer = greeted::good_hello();
  newer.protocol_min = newer.protocol_max = 7;
  with.peer->send_message(newer);
  with.check_refused(code::protocol_mismatch);
}

TEST_CASE("hello: a message limit one below the least is refused") {
  greeted with;
  hello small = greeted::good_hello();
  small.message_limit_bytes = message_limit_bytes_min - 1;
  with.peer->send_message(small);
  with.check_refused(code::invalid_argument);
}

TEST_CASE("hello: a part window between none and the least is refused") {
  greeted with;
  hello small = greeted::good_hello();
  small.part_window_bytes = part_window_bytes_min - 1;
  with.peer->send_message(small);
  with.check_refused(code::invalid_argument);
}

TEST_CASE("hello: what the owner refuses is said to the peer in its words") {
  greeted with;
  with.b.hello_rule = [](const hello &) -> result<void> { return make_error(code::wrong_cluster, "cluster x, not y"); };
  with.peer->send_message(greeted::good_hello());
  with.check_refused(code::wrong_cluster);
  CHECK(with.peer->last<goodbye>()->why.text == "cluster x, not y");
}

TEST_CASE("hello: a message before it is refused") {
  greeted with;
  with.peer->send_message(sample<store>(), 1);
  with.check_refused(code::hello_first);
}

TEST_CASE("hello: bytes that are no message are refused") {
  greeted with;
  with.peer->send(buffer::copy_of("GET / HTTP/1.1\r\n"));
  with.check_refused(code::malformed);
}

TEST_CASE("hello: a second one is refused and the link closed") {
  greeted with;
  with.peer->send_message(greeted::good_hello());
  with.peer->settle();
  with.peer->send_message(greeted::good_hello());
  with.peer->settle();
  REQUIRE(with.b.misbehaviours.size() == 1);
  CHECK(with.b.misbehaviours[0].code == code::malformed);
  CHECK(with.b.downs.size() == 1);
}

TEST_CASE("hello: a peer that says nothing is closed in time (one below, at)") {
  greeted with;
  with.run_for(2999ms);
  CHECK(with.b.misbehaviours.empty());
  with.run_for(2ms);
  with.check_refused(code::timed_out);
}

TEST_CASE("hello: links that have not said it are bounded, the oldest is closed") {
  endpoint_options options = world::options_of("b");
  options.unopened_links_max = 3;
  greeted with(options);
  std::vector<std::unique_ptr<raw_peer>> more;
  for (int i = 0; i < 3; ++i) {
    more.push_back(std::make_unique<raw_peer>(with, "scripted://b"));
  }
  with.run_for(100ms);
  with.check_refused(code::overloaded);
  CHECK_FALSE(more[0]->is_down);
  CHECK_FALSE(more[2]->is_down);

  more[0]->send_message(greeted::good_hello());
  with.run_for(100ms);
  raw_peer late(with, "scripted://b"); // an opened link has made room
  with.run_for(100ms);
  CHECK_FALSE(more[0]->is_down);
  CHECK_FALSE(more[1]->is_down);
  CHECK_FALSE(late.is_down);
}

TEST_CASE("hello: who comes while others say nothing is heard") {
  endpoint_options options = world::options_of("b");
  options.unopened_links_max = 3;
  greeted with(options);
  std::vector<std::unique_ptr<raw_peer>> silent;
  for (int i = 0; i < 10; ++i) {
    silent.push_back(std::make_unique<raw_peer>(with, "scripted://b"));
  }
  raw_peer honest(with, "scripted://b");
  honest.greet();
  CHECK(honest.count(kind::welcome) == 1);
}

TEST_CASE("hello: 1,000 silent links leave nothing behind") {
  greeted with;
  with.peer->send_message(greeted::good_hello());
  std::vector<std::unique_ptr<raw_peer>> idle;
  for (int i = 0; i < 1000; ++i) {
    idle.push_back(std::make_unique<raw_peer>(with, "scripted://b"));
  }
  with.run_for(4s);
  for (const std::unique_ptr<raw_peer> &one : idle) {
    REQUIRE(one->is_down);
  }
  CHECK(with.b.misbehaviours.size() == 1000 + 0);
  raw_peer late(with, "scripted://b");
  late.greet();
  CHECK(late.count(kind::welcome) == 1);
}

TEST_CASE("dial: another node at the address is a failed dial, said to both") {
  world in;
  test_node &a = in.add_node("a");
  test_node &b = in.add_node("b");
  (void)b.inside.listen("scripted://b").value();
  CHECK(a.inside.dial({"scripted://b", link_class::control, "c", true}));
  in.run_for(1s);
  REQUIRE(a.dial_failures.size() == 1);
  CHECK(a.dial_failures[0].code == code::not_found);
  CHECK(a.ups.empty());
  CHECK(b.downs.size() == 1);
  CHECK(b.downs[0].why.code == code::not_found);
}

TEST_CASE("dial: a refusal of the other side arrives with its words and who said it") {
  world in;
  test_node &a = in.add_node("a");
  test_node &b = in.add_node("b");
  b.hello_rule = [](const hello &) -> result<void> { return make_error(code::wrong_cluster, "cluster x, not y"); };
  (void)b.inside.listen("scripted://b").value();
  CHECK(a.inside.dial({"scripted://b", link_class::control, "b", true}));
  in.run_for(1s);
  REQUIRE(a.dial_failures.size() == 1);
  CHECK(a.dial_failures[0].code == code::wrong_cluster);
  CHECK(a.dial_failures[0].text == "cluster x, not y");
  CHECK_FALSE(a.dial_failures[0].peer.empty());
}

TEST_CASE("dial: an address that no transport serves is unsupported") {
  world in;
  test_node &a = in.add_node("a");
  CHECK(a.inside.dial({"carrier-pigeon://b", link_class::control, "", false}).error().code == code::unsupported);
  CHECK(a.inside.listen("carrier-pigeon://b").error().code == code::unsupported);
}

TEST_CASE("dial: attempts come later and later, with jitter, and never after the longest time and a half") {
  world in;
  in.net.refuses_connections = true;
  endpoint_options options = world::options_of("a");
  options.redial_min = 100ms;
  options.redial_max = 800ms;
  test_node &a = in.add_node(options);
  CHECK(a.inside.dial({"scripted://b", link_class::control, "", false}));
  std::vector<duration> gaps;
  time_point last = in.now;
  for (std::size_t attempts = 1; attempts <= 8; ++attempts) {
    REQUIRE(in.run_until([&] { return in.net.connections() == attempts; }));
    gaps.push_back(in.now - last);
    last = in.now;
  }
  CHECK(gaps[0] == 0ms);
  const std::vector<duration> least = {0ms, 100ms, 200ms, 400ms, 800ms, 800ms, 800ms, 800ms};
  bool has_jitter = false;
  for (std::size_t i = 1; i < gaps.size(); ++i) {
    CHECK(gaps[i] >= least[i]);
    CHECK(gaps[i] <= least[i] * 3 / 2);
    has_jitter = has_jitter || gaps[i] != least[i];
  }
  CHECK(has_jitter);
}

TEST_CASE("dial: a lost link is dialled again, and hanging up ends that") {
  linked_pair pair;
  pair.net.cut_all();
  pair.run_for(1s);
  CHECK(pair.a.downs.size() == 1);
  CHECK(pair.a.ups.size() == 2);
  CHECK(pair.a.ups[1].id != pair.a.ups[0].id);
  pair.a.inside.hang_up(pair.dial);
  pair.run_for(5s);
  CHECK(pair.a.downs.size() == 2);
  CHECK(pair.a.ups.size() == 2);
  CHECK(pair.b.downs.size() == 2);
  CHECK(pair.b.downs[1].why.code == code::cancelled);
}

TEST_CASE("dial: a single attempt is not repeated") {
  world in;
  in.net.refuses_connections = true;
  test_node &a = in.add_node("a");
  CHECK(a.inside.dial({"scripted://b", link_class::control, "", true}));
  in.run_for(10s);
  CHECK(a.dial_failures.size() == 1);
  CHECK(in.net.connections() == 1);
}

TEST_CASE("dial: a connection that is never answered is given up in time") {
  world in;
  in.net.delay = 1h;
  test_node &a = in.add_node("a");
  test_node &b = in.add_node("b");
  (void)b.inside.listen("scripted://b").value();
  CHECK(a.inside.dial({"scripted://b", link_class::control, "", true}));
  in.run_for(2999ms);
  CHECK(a.dial_failures.empty());
  in.run_for(2ms);
  REQUIRE(a.dial_failures.size() == 1);
  CHECK(a.dial_failures[0].code == code::timed_out);
}

TEST_CASE("close: goodbye is said on every link, with the reason") {
  linked_pair pair;
  pair.a.inside.begin_close(make_error(code::shutting_down, "node a is shutting down"));
  CHECK(pair.run_until([&] { return pair.a.inside.closed(); }));
  REQUIRE(pair.b.downs.size() == 1);
  CHECK(pair.b.downs[0].why.code == code::shutting_down);
  CHECK(pair.b.downs[0].why.peer == "a");
  REQUIRE(pair.a.downs.size() == 1);
  CHECK(pair.a.downs[0].why.code == code::shutting_down);
}

TEST_CASE("close: does not wait for a peer that is gone") {
  linked_pair pair;
  pair.net.is_mute = true;
  const time_point begun = pair.now;
  pair.a.inside.begin_close(make_error(code::shutting_down, "node a is shutting down"));
  CHECK(pair.run_until([&] { return pair.a.inside.closed(); }));
  CHECK(pair.now - begun <= 1s);
}

TEST_CASE("close: one link closed by us is dialled again") {
  linked_pair pair;
  pair.a.inside.close_link(pair.link_of_a(), make_error(code::cancelled, "not wanted"));
  CHECK(pair.a.downs.size() == 1);
  pair.run_for(1s);
  CHECK(pair.a.ups.size() == 2);
  CHECK(pair.b.downs.size() == 1);
  CHECK(pair.b.downs[0].why.text == "not wanted");
}

TEST_CASE("keepalive: an idle link stays open by pings") {
  linked_pair pair;
  std::size_t pings = 0;
  pair.net.tap = [&](const std::string &, bool, const std::vector<buffer> &parts) {
    pings += decode_envelope(parts.front().span())->what == kind::ping ? 1U : 0U;
  };
  pair.run_for(60s);
  CHECK(pair.a.downs.empty());
  CHECK(pair.b.downs.empty());
  CHECK(pings > 20);
  CHECK(pings < 150);
}

TEST_CASE("keepalive: a half-open link is found after the time set and its requests are answered") {
  linked_pair pair;
  code answer = code::ok;
  pair.net.is_mute = true;
  pair.a.inside.request(pair.link_of_a(), small_request(), never,
                        [&](const result<incoming> &outcome) { answer = outcome.error().code; });
  pair.run_for(4900ms);
  CHECK(pair.a.downs.empty());
  CHECK(answer == code::ok);
  pair.run_for(1200ms);
  REQUIRE(pair.a.downs.size() == 1);
  CHECK(pair.a.downs[0].why.code == code::timed_out);
  CHECK(answer == code::link_down);
}

TEST_CASE("keepalive: a process that was stopped does not take its own silence for its peers'") {
  linked_pair pair;
  pair.now += 20s;
  pair.run_for(2s);
  CHECK(pair.a.downs.empty());
  CHECK(pair.b.downs.empty());
}

TEST_CASE("misbehaviour: what a transport ends a link for is told, a link that breaks is not") {
  for (const auto &[why, told] :
       {std::pair(code::malformed, std::size_t{1}), std::pair(code::link_down, std::size_t{0})}) {
    greeted with;
    with.net.cut_all(make_error(why, "in the transport's words"));
    with.run_for(100ms);
    CHECK(with.peer->is_down);
    REQUIRE(with.b.misbehaviours.size() == told);
    CHECK((told == 0 || with.b.misbehaviours[0].text == "in the transport's words"));
  }
}
