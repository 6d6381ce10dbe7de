#include "cases.hpp"

#include <algorithm>

namespace outsize::suite {

namespace {

void link_up_names_token_and_peer(const transport_factory &factory) {
  couple pair(factory);
  CHECK(pair.near.at(pair.link.near).up_token != 0);
  CHECK(pair.far.at(pair.link.far).up_token == 0); // accepted
  CHECK_FALSE(pair.near.at(pair.link.near).peer.empty());
  CHECK_FALSE(pair.far.at(pair.link.far).peer.empty());
}

void connect_refused_typed(const transport_factory &factory) {
  transport_rig rig(factory);
  node &gone = rig.make();
  const std::string address = rig.listen(gone);
  rig.destroy(gone); // now nobody listens there
  node &caller = rig.make();
  const result<outsize_link> link = caller.dial(address);
  REQUIRE(link.has_value());
  REQUIRE(rig.run_until([&] { return caller.at(link.value()).down.has_value(); }));
  const transport_event &down = *caller.at(link.value()).down;
  CHECK(down.token != 0);
  CHECK((down.why.code == code::link_down || down.why.code == code::timed_out));
  CHECK(down.why.retry() != retry_class::never); // the same address may answer later
  CHECK_FALSE(caller.at(link.value()).risen);
}

void bad_address_invalid_argument(const transport_factory &factory) {
  transport_rig rig(factory);
  node &caller = rig.make();
  std::vector<std::string> bad = factory.bad_addresses;
  bad.insert(bad.end(), {"", "nonsense", "no-such-scheme://127.0.0.1:1", "://"});
  for (const std::string &address : bad) {
    INFO("address '" << address << "'");
    const result<outsize_link> link = caller.dial(address);
    REQUIRE_FALSE(link.has_value());
    CHECK(link.error().code == code::invalid_argument);
    const result<std::string> bound = caller.listen(address);
    REQUIRE_FALSE(bound.has_value());
    CHECK(bound.error().code == code::invalid_argument);
  }
  REQUIRE(rig.settle());
  CHECK(caller.events().empty());
}

void listen_address_in_use(const transport_factory &factory) {
  transport_rig rig(factory);
  const std::string address = rig.listen(rig.make());
  const result<std::string> second = rig.make().listen(address);
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().code == code::address_in_use);
  CHECK(second.error().text.find(address.substr(address.find("://") + 3)) != std::string::npos);
}

void several_addresses(const transport_factory &factory) {
  transport_rig rig(factory);
  node &server = rig.make();
  node &caller = rig.make();
  const std::string first = rig.listen(server);
  const std::string second = rig.listen(server);
  REQUIRE(first != second);
  for (const std::string &address : {first, second}) {
    const link_pair link = rig.marry(caller, server, address);
    CHECK(size_of(rig.pass(caller, link.near, server, link.far, message_of(100))) == 100);
  }
}

void send_on_unknown_link(const transport_factory &factory) {
  couple pair(factory);
  const result<sent> answer = pair.near.send(pair.link.near + 1000, message_of(10), pair.near.next_token());
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().code == code::link_down);
  pair.near.handle().disconnect(pair.link.near + 1000); // ignored
  outsize_link_stats stats{};
  CHECK_FALSE(pair.near.handle().link_stats(pair.link.near + 1000, stats));
  CHECK_FALSE(pair.near.handle().set_link_limit(pair.link.near + 1000, 5000).has_value());
  CHECK(size_of(pair.pass(message_of(10))) == 10);
}

void disconnect_ends_both_sides(const transport_factory &factory) {
  couple pair(factory);
  pair.near.handle().disconnect(pair.link.near);
  link_record &near = pair.near.at(pair.link.near);
  link_record &far = pair.far.at(pair.link.far);
  REQUIRE(pair.rig.run_until([&] { return near.down && far.down; }));
  CHECK(near.down->why.code == code::cancelled);
  CHECK(far.down->why.code == code::link_down);
  CHECK_FALSE(pair.near.send(pair.link.near, message_of(10), pair.near.next_token()).has_value());
  CHECK_FALSE(pair.far.send(pair.link.far, message_of(10), pair.far.next_token()).has_value());
}

void disconnect_twice_is_one_down(const transport_factory &factory) {
  couple pair(factory);
  pair.near.handle().disconnect(pair.link.near);
  pair.near.handle().disconnect(pair.link.near);
  REQUIRE(pair.rig.run_until([&] { return pair.near.at(pair.link.near).down && pair.far.at(pair.link.far).down; }));
  REQUIRE(pair.rig.settle());
  CHECK(pair.near.count(kind::link_down) == 1);
}

void disconnect_completes_what_was_queued(const transport_factory &factory) {
  couple pair(factory);
  pair.far.hold(true);
  (void)pair.send_until_busy(message_of(pair.near.limit()));
  pair.near.handle().disconnect(pair.link.near);
  REQUIRE(pair.rig.run_until([&] { return pair.near.at(pair.link.near).down.has_value(); }));
  CHECK(pair.near.checker().outstanding() == 0);
  const std::vector<transport_event> &completions = pair.near.at(pair.link.near).completions;
  CHECK(std::any_of(completions.begin(), completions.end(), [](const transport_event &event) {
    return event.why.code == code::cancelled || event.why.code == code::link_down;
  }));
}

void no_message_after_disconnect(const transport_factory &factory) {
  couple pair(factory);
  for (std::uint64_t i = 0; i < 20; ++i) {
    pair.far.post(pair.link.far, message_of(100, i));
  }
  pair.near.on_event = [&](transport_event &event) {
    if (event.what == kind::message) {
      pair.near.handle().disconnect(event.link);
    }
  };
  REQUIRE(pair.rig.run_until([&] { return pair.near.at(pair.link.near).down.has_value(); }));
  CHECK(pair.near.at(pair.link.near).messages.size() == 1);
}

void disconnect_while_connecting(const transport_factory &factory) {
  transport_rig rig(factory);
  node &server = rig.make();
  node &caller = rig.make();
  const std::string address = rig.listen(server);
  const result<outsize_link> link = caller.dial(address);
  REQUIRE(link.has_value());
  caller.handle().disconnect(link.value());
  REQUIRE(rig.run_until([&] { return caller.at(link.value()).down.has_value(); }));
  CHECK(caller.at(link.value()).down->why.code == code::cancelled);
  CHECK_FALSE(caller.at(link.value()).risen);
  const link_pair next = rig.marry(caller, server, address);
  CHECK(size_of(rig.pass(caller, next.near, server, next.far, message_of(10))) == 10);
}

void peer_crash_link_down(const transport_factory &factory) {
  couple pair(factory);
  pair.rig.destroy(pair.far);
  REQUIRE(pair.rig.run_until([&] { return pair.near.at(pair.link.near).down.has_value(); }));
  CHECK(pair.near.at(pair.link.near).down->why.code == code::link_down);
  CHECK(pair.near.at(pair.link.near).down->why.retry() == retry_class::reconnect);
}

void received_before_crash_is_delivered(const transport_factory &factory) {
  couple pair(factory);
  pair.far.hold(true);
  for (std::uint64_t i = 0; i < 10; ++i) {
    pair.near.post(pair.link.near, message_of(100, i));
  }
  REQUIRE(pair.rig.settle()); // all is on its way
  pair.far.hold(false);
  pair.rig.destroy(pair.near);
  link_record &far = pair.far.at(pair.link.far);
  REQUIRE(pair.rig.run_until([&] { return far.down.has_value(); }, 3));
  CHECK(far.messages.size() <= 10); // in order, and none after the link is down: the checker's business
}

// T-05. Whatever hung in the old link when it ended stays there.
void reconnect_nothing_stale(const transport_factory &factory) {
  couple pair(factory);
  pair.far.hold(true);
  const message old = message_of(200'000, 1);
  for (int i = 0; i < 30; ++i) {
    (void)pair.near.send(pair.link.near, old, pair.near.next_token());
  }
  (void)pair.near.poll();
  pair.near.handle().disconnect(pair.link.near);
  const std::size_t dialled_at = pair.near.at(pair.link.near).completions.size();
  const result<outsize_link> next = pair.near.dial(pair.address);
  REQUIRE(next.has_value());
  CHECK(next.value() != pair.link.near);
  pair.far.hold(false);
  REQUIRE(pair.rig.run_until([&] { return pair.near.at(next.value()).up() && pair.far.ups().size() == 2; }));
  const outsize_link far = pair.far.ups().back();
  CHECK(far != pair.link.far);
  const message fresh = message_of(100, 2);
  CHECK(same(pair.rig.pass(pair.near, next.value(), pair.far, far, fresh), fresh));
  CHECK(pair.far.at(far).messages.size() == 1);
  CHECK(pair.near.at(next.value()).completions.size() <= 1);
  CHECK(pair.near.at(pair.link.near).completions.size() >= dialled_at);
  CHECK(pair.near.at(pair.link.near).down.has_value());
}

void reconnect_after_peer_restart(const transport_factory &factory) {
  couple pair(factory);
  for (int i = 0; i < 20; ++i) {
    (void)pair.near.send(pair.link.near, message_of(200'000, 1), pair.near.next_token());
  }
  pair.rig.destroy(pair.far);
  REQUIRE(pair.rig.run_until([&] { return pair.near.at(pair.link.near).down.has_value(); }));
  node &restarted = pair.rig.make();
  REQUIRE(restarted.listen(pair.address).has_value()); // the same address, at once
  const link_pair next = pair.rig.marry(pair.near, restarted, pair.address);
  CHECK(next.near != pair.link.near);
  const message fresh = message_of(100, 2);
  CHECK(same(pair.rig.pass(pair.near, next.near, restarted, next.far, fresh), fresh));
  CHECK(restarted.count(kind::message) == 1);
}

void no_reconnect_by_itself(const transport_factory &factory) {
  couple pair(factory);
  pair.rig.destroy(pair.far);
  REQUIRE(pair.rig.run_until([&] { return pair.near.at(pair.link.near).down.has_value(); }));
  node &restarted = pair.rig.make();
  REQUIRE(restarted.listen(pair.address).has_value());
  node &stranger = pair.rig.make(); // its traffic is the fence: what was under way before it has come by then
  const link_pair other = pair.rig.marry(stranger, restarted, pair.address);
  (void)pair.rig.pass(stranger, other.near, restarted, other.far, message_of(10));
  REQUIRE(pair.rig.settle());
  CHECK(restarted.ups().size() == 1);
  CHECK(pair.near.ups().size() == 1);
}

void two_instances_independent(const transport_factory &factory) {
  couple first(factory);
  {
    couple second(factory);
    CHECK(size_of(second.pass(message_of(100))) == 100);
  }
  CHECK(size_of(first.pass(message_of(100))) == 100);
}

constexpr suite_case cases[] = {
    {"link-up-names-token-and-peer", &link_up_names_token_and_peer},
    {"connect-refused-typed", &connect_refused_typed},
    {"bad-address-invalid-argument", &bad_address_invalid_argument},
    {"listen-address-in-use-typed", &listen_address_in_use},
    {"listen-several-addresses", &several_addresses},
    {"send-on-unknown-link-typed", &send_on_unknown_link},
    {"disconnect-ends-both-sides", &disconnect_ends_both_sides},
    {"disconnect-twice-is-one-down", &disconnect_twice_is_one_down},
    {"disconnect-completes-what-was-queued", &disconnect_completes_what_was_queued},
    {"disconnect-no-message-after", &no_message_after_disconnect},
    {"disconnect-while-connecting", &disconnect_while_connecting},
    {"peer-crash-link-down", &peer_crash_link_down},
    {"peer-crash-with-messages-under-way", &received_before_crash_is_delivered},
    {"reconnect-no-stale-completion-or-message", &reconnect_nothing_stale},
    {"reconnect-after-peer-restart", &reconnect_after_peer_restart},
    {"reconnect-never-by-itself", &no_reconnect_by_itself},
    {"two-instances-independent", &two_instances_independent},
};

} // namespace

std::span<const suite_case> link_cases() {
  return cases;
}

} // namespace outsize::suite
