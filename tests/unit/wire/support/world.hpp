// A few endpoints on a scripted network, under one fake clock.
#pragma once

#include "scripted_net.hpp"

#include <outsize/wire/endpoint.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace outsize::wire::test {

/// An endpoint that writes down what it is told.
class test_node final : public endpoint_handler {
public:
  struct event {
    link_info link;
    error why;
  };

  explicit test_node(endpoint_options options, std::function<std::uint64_t()> random)
      : inside(std::move(options), *this, std::move(random)) {}

  std::vector<link_info> ups;
  std::vector<event> downs;
  std::vector<error> dial_failures;
  std::vector<error> misbehaviours;
  std::vector<incoming> messages;
  std::vector<std::uint64_t> offers; ///< payload bytes of large messages asked about

  std::function<result<void>(const hello &)> hello_rule;
  std::function<large_decision(const large_offer &)> large_rule;
  std::function<void(incoming &)> message_rule;
  std::function<void(const link_info &)> up_rule;
  std::function<void()> down_rule;

  endpoint inside; ///< last: it tells the members above until its end

  [[nodiscard]] link_id only_link() const { return inside.links().size() == 1 ? inside.links().front().id : 0; }

private:
  result<void> on_hello(const hello &peer, const std::string &) override {
    return hello_rule ? hello_rule(peer) : result<void>();
  }
  void on_link_up(const link_info &link) override {
    ups.push_back(link);
    if (up_rule) {
      up_rule(link);
    }
  }
  void on_link_down(const link_info &link, const error &why) override {
    downs.push_back({link, why});
    if (down_rule) {
      down_rule();
    }
  }
  void on_dial_failed(dial_id, const std::string &, const error &why) override { dial_failures.push_back(why); }
  large_decision on_large(const large_offer &offer) override {
    offers.push_back(offer.payload_bytes);
    return large_rule ? large_rule(offer) : large_decision::taken();
  }
  void on_message(incoming &&message) override {
    if (message_rule) {
      message_rule(message);
    }
    messages.push_back(std::move(message));
  }
  void on_misbehaviour(const std::string &, const error &why) override { misbehaviours.push_back(why); }
};

class world {
public:
  scripted_net net;
  time_point now{std::chrono::seconds(1)};
  std::vector<std::function<time_point(time_point)>> others; ///< polled like nodes

  static endpoint_options options_of(const std::string &name, std::uint64_t limit_bytes = 32 * mib);
  test_node &add_node(const endpoint_options &options);
  test_node &add_node(const std::string &name, std::uint64_t limit_bytes = 32 * mib) {
    return add_node(options_of(name, limit_bytes));
  }

  /// Polls everybody, again and again, until nothing happens before `until`; then it is that late.
  void run_for(duration time) {
    run_until(now + time, [] { return false; });
  }
  /// As above, but stops as soon as `done`. True when it was.
  bool run_until(time_point until, const std::function<bool()> &done);
  bool run_until(const std::function<bool()> &done) { return run_until(now + std::chrono::seconds(60), done); }

private:
  time_point poll_all();
  std::vector<std::unique_ptr<test_node>> nodes_;
  std::uint64_t random_ = 4129;
};

/// Two nodes, b listening and a having dialled it; the link is open on both sides.
struct linked_pair : world {
  explicit linked_pair(std::uint64_t limit_a = 32 * mib, std::uint64_t limit_b = 32 * mib)
      : linked_pair(options_of("a", limit_a), options_of("b", limit_b)) {}
  linked_pair(const endpoint_options &of_a, const endpoint_options &of_b);

  test_node &a;
  test_node &b;
  dial_id dial = 0;
  [[nodiscard]] link_id link_of_a() const { return a.only_link(); }
  [[nodiscard]] link_id link_of_b() const { return b.only_link(); }

  /// Lets b answer every request with a `command_result` or `stored` that says nothing.
  void answer_everything();
};

/// A peer that sends what the test wants, hello or not.
class raw_peer {
public:
  raw_peer(world &in, const std::string &address);

  /// Runs the world until the link is up.
  void wait_up();
  /// A hello as a good peer says it, and the welcome awaited.
  void greet(std::uint64_t part_window_bytes = 4 * mib, std::uint64_t limit_bytes = 32 * mib);
  void send(buffer header, rope payload = {});
  template <class Message> void send_message(const Message &message, std::uint64_t number = 0, rope payload = {}) {
    send(seal_envelope(encode(message), Message::number, number), std::move(payload));
  }
  /// Runs the world until everything that was sent has been answered or ignored.
  void settle();

  bool is_up = false;
  bool is_down = false;
  std::vector<std::vector<buffer>> received;

  [[nodiscard]] std::size_t count(kind what) const;
  /// The newest message of that kind.
  template <class Message> result<Message> last() const {
    for (auto message = received.rbegin(); message != received.rend(); ++message) {
      const result<envelope> head = decode_envelope(message->front().span());
      if (head && head->what == Message::number) {
        return decode<Message>(message->front());
      }
    }
    return make_error(code::not_found, "none of that kind came");
  }

private:
  world &in_;
  std::unique_ptr<transport_handle> transport_;
  outsize_link link_ = 0;
};

outgoing small_request(std::uint64_t stream = 0);
/// A store whose payload has `payload_bytes`, all different enough to notice a lost or doubled piece.
outgoing store_of(std::uint64_t payload_bytes, std::uint64_t stream = 0);
/// A store that is `message_bytes` long in all.
outgoing store_message_of(std::uint64_t message_bytes, std::uint64_t stream = 0);
rope pattern(std::uint64_t bytes);
std::uint64_t header_bytes_of_store();

} // namespace outsize::wire::test
