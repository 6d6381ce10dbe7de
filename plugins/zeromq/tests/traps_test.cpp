// ZeroMQ's traps, one by one: what its own behaviour would do to a link if the transport did not stand in between.
#include "stage.hpp"

#include <outsize/suite/catch.hpp>

#include <zmq.hpp>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

namespace outsize::zeromq {

using suite::message;
using suite::message_of;
using suite::node;
using suite::node_options;
using suite::parts_of;
using suite::same;
using sent = transport_handle::sent;

namespace {

bool resolves(const std::string &name) {
  addrinfo *found = nullptr;
  const bool known = ::getaddrinfo(name.c_str(), nullptr, nullptr, &found) == 0;
  if (known) {
    ::freeaddrinfo(found);
  }
  return known;
}

/// libzmq as somebody else may use it: it dials again by itself, and then brings what it still had.
class plain_dealer {
public:
  explicit plain_dealer(const std::string &address) : socket_(context_, zmq::socket_type::dealer) {
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::reconnect_ivl, 10);
    socket_.connect("tcp" + address.substr(address.find("://")));
  }
  void send(const bytes &frame) {
    zmq::message_t message(frame.data(), frame.size());
    socket_.send(message, zmq::send_flags::dontwait);
  }
  std::optional<bytes> take() {
    zmq::message_t message;
    if (!socket_.recv(message, zmq::recv_flags::dontwait)) {
      return std::nullopt;
    }
    const auto *begin = static_cast<const std::uint8_t *>(message.data());
    return bytes(begin, begin + message.size());
  }

private:
  zmq::context_t context_;
  zmq::socket_t socket_;
};

/// Drives nodes as a host does that trusts the descriptor: poll is called when it is readable or the time has come, and
/// never otherwise.
class descriptor_driver {
public:
  explicit descriptor_driver(std::vector<node *> nodes) : nodes_(std::move(nodes)), next_(nodes_.size()) {}

  bool run_until(const std::function<bool()> &done) {
    while (!done()) {
      if (!step()) {
        return false;
      }
    }
    return true;
  }
  [[nodiscard]] std::size_t polls() const { return polls_; }

private:
  bool step() {
    std::vector<pollfd> fds;
    for (node *one : nodes_) {
      fds.push_back({one->handle().event_fd(), POLLIN, 0});
    }
    const time_point earliest = *std::min_element(next_.begin(), next_.end());
    const duration left = std::clamp<duration>(earliest - steady_now(), duration::zero(), std::chrono::seconds(10));
    const timespec timeout{left.count() / 1'000'000'000, left.count() % 1'000'000'000};
    const int ready = ppoll(fds.data(), fds.size(), &timeout, nullptr);
    if (ready == 0 && earliest > steady_now()) {
      return false; // ten seconds of silence while something is expected
    }
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (fds[i].revents != 0 || next_[i] <= steady_now()) {
        next_[i] = nodes_[i]->poll(suite::budget_default);
        ++polls_;
      }
    }
    return true;
  }
  std::vector<node *> nodes_;
  std::vector<time_point> next_;
  std::size_t polls_ = 0;
};

} // namespace

TEST_CASE("oversize: one refused, one from a peer that ignores the limit, and the small ones behind them") {
  stage at;
  node &dialler = at.rig.make({.message_bytes_max = 4 * mib, .memory_bytes_max = 16 * mib}); // knows nothing of 1 MiB
  const suite::link_pair link = at.rig.marry(dialler, at.server, at.address);
  const suite::link_pair other = at.rig.marry(dialler, at.server, at.address);
  dialler.post(link.near, message_of(100, 1));
  dialler.post(link.near, message_of(2 * mib));
  for (std::uint64_t i = 0; i < 100; ++i) {
    dialler.post(link.near, message_of(50, i));
    dialler.post(other.near, message_of(50, i));
  }
  suite::link_record &hit = at.server.at(link.far);
  suite::link_record &spared = at.server.at(other.far);
  REQUIRE(at.rig.run_until([&] { return hit.down && dialler.at(link.near).down && spared.messages.size() == 100; }));
  CHECK(hit.messages.size() == 1);
  CHECK(hit.oversize->actual_bytes == 2 * mib);
  CHECK(dialler.at(link.near).down->why.text.find("2097152 bytes") != std::string::npos); // the far side's words
  CHECK(spared.up());
  // The same with the limit agreed: refused at once, and everything behind it arrives.
  REQUIRE(dialler.handle().set_link_limit(other.near, 1 * mib).has_value());
  CHECK(dialler.send(other.near, message_of(2 * mib), dialler.next_token()).error().code == code::too_large);
  for (std::uint64_t i = 0; i < 100; ++i) {
    dialler.post(other.near, message_of(50, 1000 + i));
  }
  REQUIRE(at.rig.run_until([&] { return spared.messages.size() == 200; }));
  CHECK(same(spared.messages.back(), message_of(50, 1099)));
}

TEST_CASE("stale reconnect: frames of a session that is not open are answered, and never surface") {
  stage at;
  plain_dealer dealer(at.address);
  dealer.send(make_head(0x0123456789abcdef, {5}, bytes(5))); // as after a restart of the listener
  std::optional<bytes> answer;
  REQUIRE(at.rig.run_until([&] { return (answer = dealer.take()).has_value(); }));
  const result<frame_view> frame = parse_frame(*answer);
  REQUIRE(frame.has_value());
  REQUIRE(frame->kind == frame_kind::close);
  CHECK(parse_close(*frame).reason == close_reason::hello_first);
  CHECK(at.server.events().empty());
  at.check_others_unharmed();
}

TEST_CASE("stale reconnect: a listener that restarts sees nothing of the links before") {
  stage at;
  plain_dealer dealer(at.address);
  dealer.send(make_open({7, static_cast<std::uint32_t>(piece_bytes_max), window_bytes_max}));
  std::optional<bytes> answer;
  REQUIRE(at.rig.run_until([&] { return (answer = dealer.take()).has_value(); }));
  const std::uint64_t session = parse_opened(*parse_frame(*answer))->session;
  at.rig.destroy(at.server);
  for (int i = 0; i < 50; ++i) {
    dealer.send(make_head(session, {5}, bytes(5))); // waits in libzmq for the next connection
  }
  node &restarted = at.rig.make();
  REQUIRE(restarted.listen(at.address).has_value());
  REQUIRE(at.rig.run_until([&] { return (answer = dealer.take()).has_value(); }));
  CHECK(parse_close(*parse_frame(*answer)).reason == close_reason::hello_first);
  CHECK(restarted.events().empty());
}

TEST_CASE("edge-triggered descriptor: 10,000 messages both ways, polled only when readable") {
  suite::couple pair(zeromq_factory());
  constexpr std::size_t count = 10'000;
  descriptor_driver driver({&pair.near, &pair.far});
  std::size_t there = 0;
  std::size_t back = 0;
  const auto feed = [](node &from, outsize_link link, std::size_t &next) {
    for (; next < count; ++next) {
      const result<sent> answer = from.send(link, message_of(next % 300, next), from.next_token());
      REQUIRE(answer.has_value());
      if (answer.value() == sent::busy) {
        return;
      }
    }
  };
  const std::vector<message> &came_there = pair.far.at(pair.link.far).messages;
  const std::vector<message> &came_back = pair.near.at(pair.link.near).messages;
  REQUIRE(driver.run_until([&] {
    feed(pair.near, pair.link.near, there);
    feed(pair.far, pair.link.far, back);
    return came_there.size() == count && came_back.size() == count;
  }));
  CHECK(same(came_there.back(), message_of((count - 1) % 300, count - 1)));
}

TEST_CASE("edge-triggered descriptor: one message at a time, 2,000 round trips, polled only when readable") {
  suite::couple pair(zeromq_factory());
  descriptor_driver driver({&pair.near, &pair.far});
  pair.far.on_event = [&](transport_event &event) {
    if (event.what == transport_event::kind::message) {
      pair.far.post(event.link, event.parts);
    }
  };
  const std::vector<message> &echoes = pair.near.at(pair.link.near).messages;
  for (std::size_t i = 0; i < 2'000; ++i) {
    pair.near.post(pair.link.near, message_of(i % 100, i));
    REQUIRE(driver.run_until([&] { return echoes.size() == i + 1; }));
  }
}

TEST_CASE("burst: a thousand small messages cost few polls") {
  suite::couple pair(zeromq_factory());
  REQUIRE(pair.rig.settle());
  descriptor_driver driver({&pair.near, &pair.far});
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    pair.near.post(pair.link.near, message_of(100, i));
  }
  const std::vector<message> &came = pair.far.at(pair.link.far).messages;
  REQUIRE(driver.run_until([&] { return came.size() == 1'000; }));
  CHECK(driver.polls() < 200 * suite::time_factor); // at least 1,000 / 64, the budget, for the receiver
}

TEST_CASE("pieces: large messages on three links, small ones between them on a fourth") {
  const node_options roomy{.message_bytes_max = 32 * mib, .memory_bytes_max = 256 * mib};
  stage at(roomy);
  node &dialler = at.rig.make(roomy);
  std::vector<suite::link_pair> large;
  for (int i = 0; i < 3; ++i) {
    large.push_back(at.rig.marry(dialler, at.server, at.address));
  }
  const suite::link_pair small = at.rig.marry(dialler, at.server, at.address);
  // Sizes around whole pieces, parts that end inside of one, and small parts between large ones.
  const std::vector<message> sent_large{
      parts_of({100, 8 * mib}, 1),
      parts_of({1 * mib - 1, 1 * mib, 1 * mib + 1, 5, 3 * mib}, 2),
      parts_of({16 * kib, 0, 16 * kib + 1, 4 * kib, 4 * kib + 1, 7 * mib + 3, 0}, 3),
  };
  for (std::size_t i = 0; i < large.size(); ++i) {
    dialler.post(large[i].near, sent_large[i]);
  }
  for (std::uint64_t i = 0; i < 20; ++i) {
    const message one = message_of(64, i);
    CHECK(same(at.rig.pass(dialler, small.near, at.server, small.far, one), one));
  }
  for (std::size_t i = 0; i < large.size(); ++i) {
    const std::vector<message> &came = at.server.at(large[i].far).messages;
    REQUIRE(at.rig.run_until([&] { return came.size() == 1; }));
    CHECK(same(came[0], sent_large[i]));
  }
}

TEST_CASE("pieces: a message that a raw peer cuts as it likes arrives whole") {
  stage at;
  open_peer guest = at.guest();
  const bytes first = suite::noise(100'000, 1);
  const bytes second = suite::noise(7, 2);
  bytes all = first;
  all.insert(all.end(), second.begin(), second.end());
  const auto cut = [&](std::size_t from, std::size_t to) {
    return bytes(all.begin() + static_cast<std::ptrdiff_t>(from), all.begin() + static_cast<std::ptrdiff_t>(to));
  };
  REQUIRE(guest.head({100'000, 0, 7}, cut(0, 10), 50'000));
  REQUIRE(guest.peer.send_frame(cut(10, 50'010)));
  REQUIRE(guest.piece(cut(50'010, 50'011)));
  REQUIRE(guest.piece({}, 49'990)); // ends inside of the last part
  REQUIRE(guest.peer.send_frame(cut(50'011, 100'001)));
  REQUIRE(guest.piece(cut(100'001, 100'007)));
  const std::vector<message> &came = at.server.at(at.newest()).messages;
  REQUIRE(at.rig.run_until([&] { return came.size() == 1; }));
  CHECK(same(came[0], {buffer::copy_of(first), buffer(), buffer::copy_of(second)}));
}

TEST_CASE("stuck peer: memory is bounded by the queue, other links go on, and the end comes soon") {
  stage at;
  node &sender = at.rig.make();
  node &quick = at.rig.make();
  const suite::link_pair stuck = at.rig.marry(sender, at.server, at.address);
  const suite::link_pair other = at.rig.marry(sender, quick);
  at.server.hold(true);
  reset_peak();
  const std::uint64_t before = resident_bytes();
  const message bulk = message_of(256 * kib);
  std::uint64_t taken = 0;
  for (int round = 0; round < 200; ++round) {
    while (sender.send(stuck.near, bulk, sender.next_token()).value() != sent::busy) {
      taken += 256 * kib;
    }
    (void)sender.poll();
  }
  const outsize_link_stats stats = sender.stats(stuck.near);
  CHECK(stats.queued_bytes <= stats.queued_bytes_max);
  CHECK(taken <= stats.queued_bytes_max + window_bytes_max + 256 * kib);
#ifndef OUTSIZE_SANITIZED
  CHECK(peak_bytes() - before <= 32 * mib);
#endif
  for (std::uint64_t i = 0; i < 100; ++i) {
    CHECK(same(at.rig.pass(sender, other.near, quick, other.far, message_of(50, i)), message_of(50, i)));
  }
  sender.handle().disconnect(stuck.near);
  const time_point asked = steady_now();
  REQUIRE(at.rig.run_until([&] { return sender.at(stuck.near).down.has_value(); }));
  CHECK(steady_now() - asked < suite::time_factor * std::chrono::seconds(10)); // close_grace, and a slow machine
  CHECK(sender.checker().outstanding() == 0);
  (void)before;
}

TEST_CASE("stuck peer: costs no busy loop") {
  stage at;
  node &sender = at.rig.make();
  const suite::link_pair stuck = at.rig.marry(sender, at.server, at.address);
  at.server.hold(true);
  while (sender.send(stuck.near, message_of(256 * kib), sender.next_token()).value() != sent::busy) {
  }
  REQUIRE(at.rig.settle());
  std::size_t polls = 0;
  for (const time_point until = steady_now() + std::chrono::milliseconds(300); steady_now() < until;) {
    pollfd one{sender.handle().event_fd(), POLLIN, 0};
    const time_point next = sender.poll();
    ++polls;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(std::min(next, until) - steady_now());
    ::poll(&one, 1, static_cast<int>(std::max<std::int64_t>(0, left.count() + 1)));
  }
  CHECK(polls < 60 * suite::time_factor); // a look at quiet connections each 100 ms, and what the fill left behind
}

TEST_CASE("memory: a sender that stops in the middle gives way to those who wait") {
  stage at({.message_bytes_max = 4 * mib, .memory_bytes_max = 4 * mib + 4096}, {{"stall-timeout", "300ms"}});
  open_peer holder = at.guest();
  const outsize_link held = at.newest();
  at.begin_message(holder, 4 * mib);
  node &dialler = at.rig.make({.message_bytes_max = 4 * mib, .memory_bytes_max = 16 * mib});
  const suite::link_pair waits = at.rig.marry(dialler, at.server, at.address);
  const message large = message_of(4 * mib);
  CHECK(same(at.rig.pass(dialler, waits.near, at.server, waits.far, large), large));
  CHECK(at.told(holder.peer)->reason == close_reason::stalled);
  CHECK(at.server.at(held).down.has_value());
}

TEST_CASE("memory: a sender that stops in the middle is left alone while nobody waits") {
  stage at({.message_bytes_max = 4 * mib, .memory_bytes_max = 16 * mib}, {{"stall-timeout", "100ms"}});
  open_peer holder = at.guest();
  const outsize_link held = at.newest();
  at.begin_message(holder, 3 * mib);
  (void)at.rig.run_until([until = steady_now() + std::chrono::milliseconds(400)] { return steady_now() > until; });
  CHECK(at.server.at(held).up());
}

TEST_CASE("connect: to a listener that accepts and never speaks (connect-timeout 300 ms)") {
  stage at; // only for its rig
  const int silent = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof where;
  REQUIRE(::bind(silent, reinterpret_cast<sockaddr *>(&where), size) == 0);
  REQUIRE(::listen(silent, 4) == 0);
  REQUIRE(::getsockname(silent, reinterpret_cast<sockaddr *>(&where), &size) == 0);
  node &caller = at.rig.make({.params = {{"connect-timeout", "300ms"}}});
  const result<outsize_link> link = caller.dial("zeromq+tcp://127.0.0.1:" + std::to_string(ntohs(where.sin_port)));
  REQUIRE(link.has_value());
  REQUIRE(at.rig.run_until([&] { return caller.at(*link).down.has_value(); }));
  CHECK(caller.at(*link).down->why.code == code::timed_out);
  CHECK(caller.at(*link).down->why.text.find("300 ms") != std::string::npos);
  ::close(silent);
}

TEST_CASE("addresses: IPv6, names, all interfaces, ports reported as bound") {
  stage at;
  node &caller = at.rig.make();
  std::vector<std::string> hosts = {"[::1]", "*"};
  if (resolves("localhost")) {
    hosts.emplace_back("localhost");
  } else { // a machine without /etc/hosts: then it has to be an error
    CHECK(at.rig.make().listen("zeromq+tcp://localhost:0").error().code == code::invalid_argument);
  }
  for (const std::string &host : hosts) {
    node &server = at.rig.make();
    const result<std::string> bound = server.listen("zeromq+tcp://" + host + ":0");
    INFO(host << ": " << (bound.has_value() ? *bound : bound.error().text));
    REQUIRE(bound.has_value());
    CHECK_FALSE(bound->ends_with(":0"));
    const std::string port = bound->substr(bound->rfind(':'));
    const std::string dialled = host == "[::1]" ? "[::1]" : host == "*" ? "127.0.0.1" : "localhost";
    const suite::link_pair link = at.rig.marry(caller, server, "zeromq+tcp://" + dialled + port);
    CHECK(suite::size_of(at.rig.pass(caller, link.near, server, link.far, message_of(10))) == 10);
  }
  CHECK(caller.handle().connect("zeromq+tcp://127.0.0.1:0", 1).error().code == code::invalid_argument);
  CHECK(caller.handle().connect("zeromq+tcp://*:1", 1).error().code == code::invalid_argument);
  CHECK(caller.handle().listen("zeromq+tcp://192.0.2.1:0").error().code == code::invalid_argument); // not ours
}

} // namespace outsize::zeromq
