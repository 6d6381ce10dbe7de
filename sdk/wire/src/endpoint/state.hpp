// The inside of an endpoint. One struct, its functions in files by subject:
//
//   endpoint.cpp  the public face          links.cpp      transport events, the beginning and end of links
//   hello.cpp     opening a link           dialling.cpp   attempts and the time between them
//   delivery.cpp  messages going and coming  requests.cpp  questions of ours and of the peer's
//   parts.cpp     large messages coming in  keepalive.cpp  silence, pings, messages that never end
//
// The owner's functions may close any link from inside a call, so whoever has called one looks at link.phase again
// before going on. Links that are gone stay in memory until the next poll.
#pragma once

#include "link.hpp"

#include <map>
#include <set>
#include <unordered_map>
#include <vector>

namespace outsize::wire {

struct standing_dial {
  dial_options how;
  transport_slot *through = nullptr;
  link_id current = 0;   ///< 0 between attempts
  unsigned failures = 0; ///< in a row
  timer_id next_attempt = 0;
};

struct endpoint::state {
  state(endpoint_options how, endpoint_handler &who, std::function<std::uint64_t()> bits);

  endpoint_options options;
  endpoint_handler &handler;
  std::function<std::uint64_t()> random;

  std::vector<std::unique_ptr<transport_slot>> transports;
  std::unordered_map<link_id, std::unique_ptr<link>> links;
  std::vector<std::unique_ptr<link>> graveyard; ///< until the next poll
  std::map<dial_id, standing_dial> dials;
  timer_queue timers;
  time_point now{};
  std::uint64_t last_link = 0;
  std::uint64_t last_dial = 0;
  std::uint64_t last_number = 0;
  std::uint64_t last_begun = 0;     ///< large messages
  std::uint64_t assembly_bytes = 0; ///< held by all links
  std::set<link_id> unopened;       ///< accepted and not open, oldest first
  bool closing = false;
  bool closing_transports = false;

  // links.cpp
  [[nodiscard]] transport_slot *transport_for(const std::string &address);
  [[nodiscard]] link *find_open(link_id id);
  link &make_link(transport_slot &through, outsize_link raw, const std::string &address);
  void on_event(transport_slot &through, transport_event &&event);
  void on_accepted(transport_slot &through, const transport_event &event);
  void shed_unopened();
  void on_up(link &which);
  void on_raw_message(link &which, std::vector<buffer> &&bytes);
  void on_raw_down(link &which, const error &why);
  enum class parting { gone_already, silent, with_goodbye };
  /// Ends a link for its owner, now: requests are answered, then the handler is told. The transport's link follows.
  void end_link(link &which, const error &why, parting how);
  void say_goodbye(link &which, const error &why);
  /// Ends a link whose peer broke the protocol.
  void misbehaved(link &which, const error &why);
  void tell_misbehaviour(const link &which, const error &why);
  void forget(link &which);
  void answer_all(link &which, const error &why);
  void tell_end(link &which, link_phase before, const error &why);

  // hello.cpp
  void send_hello(link &which);
  void on_greeting(link &which, incoming &&message);
  void on_hello(link &which, const incoming &message);
  void on_welcome(link &which, const incoming &message);
  [[nodiscard]] result<void> check_peer(const hello &peer) const;
  [[nodiscard]] result<void> check_welcome(const link &which, const welcome &peer) const;
  void open_link(link &which, hello peer);
  [[nodiscard]] hello self_on(const link &which) const;

  // dialling.cpp
  result<dial_id> dial(dial_options how);
  void attempt(dial_id id);
  void hang_up(dial_id id);
  /// Plans the next attempt. False when nobody wants it any more.
  bool on_attempt_over(const link &which, bool was_open);
  void plan_redial(dial_id id, bool failed);

  // delivery.cpp
  void dispatch(link &which, incoming &&message);
  void deliver(link &which, incoming &&message);
  /// False when the peer is a client and may not say that; the link is gone after it.
  [[nodiscard]] bool check_allowed(link &which, kind what);
  void on_link_message(link &which, incoming &&message);
  void on_credit(link &which, const incoming &message);
  void on_withdraw(link &which, const incoming &message);
  /// Sends one of the endpoint's own; a peer that lets too many wait is closed.
  template <class Message> void send_control(link &which, const Message &message, std::uint64_t number);
  void push_control(link &which, buffer header);
  /// Handles what the outbox could not send after all.
  void settle(link &which);
  [[nodiscard]] result<void> send(link_id to, outgoing message);

  // requests.cpp
  std::uint64_t request(link_id to, outgoing message, time_point deadline, endpoint::reply then);
  void on_request(link &which, incoming &&message);
  /// From the first part or the whole message on, a request may be answered. False when it was refused.
  bool begin_serving(link &which, const envelope &what);
  void on_answer(link &which, incoming &&message);
  void on_deadline(link &which, std::uint64_t number);
  void finish_request(link &which, std::uint64_t number, result<incoming> outcome);
  void abandon(link &which, std::uint64_t number);
  void withdraw_request(link_id to, std::uint64_t number);
  void answer(link_id to, std::uint64_t number, outgoing message);
  void answer_failure(link_id to, std::uint64_t number, const refusal &why);
  void send_failure(link &which, std::uint64_t number, const refusal &why);

  // parts.cpp
  void on_part(link &which, incoming &&message);
  void deliver_large(link &which, incoming &&message);
  [[nodiscard]] bool admit(link &which, large_message &message);
  [[nodiscard]] bool check_budget(link &which, large_message &message);
  [[nodiscard]] bool make_room(link &which, large_message &message, std::uint64_t bytes);
  [[nodiscard]] bool offer(link &which, large_message &message);
  void give_credit(link &which);
  void drop(large_message &message);
  /// Drops the message and says so to whoever waits for it. False when the link is gone after that.
  bool refuse(link &which, large_message &message, const error &why);
  void drop_answer_parts(link &which, std::uint64_t number);

  // keepalive.cpp
  void start_keepalive(link &which);
  void check_alive(link &which);
  [[nodiscard]] bool has_heard(link &which, const outsize_link_stats &stats);
  [[nodiscard]] bool has_taken(link &which, const outsize_link_stats &stats);
  [[nodiscard]] static std::uint64_t untaken_bytes(const link &which);
  [[nodiscard]] std::uint64_t untaken_bytes() const;
  void shed_untaken();

  // endpoint.cpp
  time_point poll(time_point at);
  time_point poll_used(time_point at);
  void poll_transport(transport_slot &slot);
  [[nodiscard]] time_point next_time() const;
  void begin_close(const error &why);
  void close_transports();
  [[nodiscard]] link_counters counters(link_id id) const;
};

} // namespace outsize::wire
