// Everything between messages and transports: opens links, says hello, keeps links alive, cuts large messages into
// parts under credit, pairs answers with requests, dials again after a loss. Nodes and clients use the same one.
//
// A machine without threads and without I/O of its own: it acts inside the calls below and inside poll, on transports
// that do the I/O. The daemon drives it from its loop thread, the simulator from its event queue.
//
// Thread rule: one thread. Handler functions and callbacks run inside poll or inside the call that caused them; they
// may call back into the endpoint, but not destroy it.
#pragma once

#include <outsize/buffer.hpp>
#include <outsize/result.hpp>
#include <outsize/time.hpp>
#include <outsize/transport_handle.hpp>
#include <outsize/wire/limits.hpp>
#include <outsize/wire/messages.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outsize::wire {

/// Names a link of this endpoint, over all its transports; never reused. 0 = none.
using link_id = std::uint64_t;
/// Names a standing wish to be connected.
using dial_id = std::uint64_t;

/// A message on its way out: an encoded body with room for the envelope in front, and the payload.
struct outgoing {
  kind what{};
  writable_buffer header; ///< as encode() makes it
  rope payload;
  /// Messages of one stream arrive in the order they were sent; streams with parts under way take turns. 0 is a stream
  /// like any other. A log's stores use the log's number.
  std::uint64_t stream = 0;
};

/// Encodes a message of this protocol.
template <class Message> outgoing make_outgoing(const Message &message, rope payload = {}, std::uint64_t stream = 0);

/// A message that came in, whole.
struct incoming {
  link_id link = 0;
  kind what{};
  std::uint64_t number = 0; ///< quote it to answer
  buffer header;            ///< the header part, envelope included: for decode()
  rope payload;
};

struct link_info {
  link_id id = 0;
  dial_id dial = 0;    ///< 0 when the other side dialled
  std::string address; ///< of the other side, as the transport names it
  hello peer;          ///< what it said of itself
  link_class link = link_class::control;
  std::uint64_t limit_bytes = 0; ///< the link limit: the smaller of both message limits
};

/// A large message whose first part has come, before any of the rest is taken.
struct large_offer {
  const link_info &link;
  kind what{};
  std::uint64_t number = 0;
  const buffer &header; ///< whole, for decode()
  std::uint64_t payload_bytes = 0;
};

/// What becomes of a large message. Unless it is taken, the rest is dropped as it comes.
struct large_decision {
  bool take = false;
  std::optional<error> why; ///< to be said to the sender; without it the handler has answered by itself

  static large_decision taken() { return {true, std::nullopt}; }
  static large_decision refused(error why) { return {false, std::move(why)}; }
  static large_decision answered() { return {false, std::nullopt}; } ///< or will be
};

/// What an endpoint tells its owner.
class endpoint_handler {
public:
  virtual ~endpoint_handler() = default;

  /// A hello that is well formed and has a protocol version in common. An error is said to the peer in a goodbye.
  virtual result<void> on_hello(const hello &peer, const std::string &address) = 0;
  /// The link is open, both limits known.
  virtual void on_link_up(const link_info &link) = 0;
  /// The link is gone; requests in flight on it have been answered with link_down before this.
  virtual void on_link_down(const link_info &link, const error &why) = 0;
  /// A dial attempt failed before the link was up; the next follows by itself. `peer` is set when it said goodbye.
  virtual void on_dial_failed(dial_id dial, const std::string &address, const error &why) = 0;
  /// May the rest of this message come? Not asked about answers. From here on a request may be answered. Keep no
  /// account of what was let in: it may still end before it is whole.
  virtual large_decision on_large(const large_offer &offer) = 0;
  /// A message that is not the answer to a request and not the endpoint's own. Requests must be answered in the end.
  virtual void on_message(incoming &&message) = 0;
  /// A peer broke the protocol and its link was closed; for the log and for counters.
  virtual void on_misbehaviour(const std::string &address, const error &why) = 0;
};

struct endpoint_options {
  /// What we say. `link` is filled in for each link; no protocol version means ours, no part window the default one.
  hello self;
  std::uint64_t assembly_bytes_max = 64 * mib; ///< large messages being put together, all links; must hold the largest
  duration hello_timeout = std::chrono::seconds(3);
  duration idle_ping_after = std::chrono::seconds(1);  ///< nothing received for so long: ping
  duration half_open_after = std::chrono::seconds(5);  ///< no byte received for so long: the link is dead
  duration untaken_after = std::chrono::seconds(10);   ///< bytes wait for a peer that takes none of them: the same
  duration redial_min = std::chrono::milliseconds(50); ///< doubled after each failure, plus up to half in jitter
  duration redial_max = std::chrono::seconds(2);
  std::size_t unopened_links_max = 256;      ///< links that have not said hello
  std::uint64_t queue_bytes_max = 256 * mib; ///< waiting to be sent on one link; above it: overloaded
};

struct dial_options {
  std::string address;
  link_class link = link_class::control;
  std::string expected_node; ///< empty: whoever answers
  bool once = false;         ///< one attempt, no redial
};

struct link_counters {
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t messages_sent = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t queued_bytes = 0; ///< in this endpoint and in the transport
  std::uint64_t requests_in_flight = 0;
};

class endpoint {
public:
  using reply = std::function<void(result<incoming>)>;

  /// `handler` outlives the endpoint. `random` gives 64 random bits at each call.
  endpoint(endpoint_options options, endpoint_handler &handler, std::function<std::uint64_t()> random);
  ~endpoint();
  endpoint(const endpoint &) = delete;
  endpoint &operator=(const endpoint &) = delete;

  /// Takes over a transport. Its message limit must be the one in `self`.
  void add_transport(std::unique_ptr<transport_handle> transport);
  /// The address really bound; unsupported when no transport serves the scheme.
  result<std::string> listen(const std::string &address);

  /// Wants a link to `address`, now and again after each loss, until hang_up. The first attempt is made in the next
  /// poll.
  result<dial_id> dial(dial_options options);
  void hang_up(dial_id dial);
  /// Says goodbye and closes one link; a dialled one is dialled again.
  void close_link(link_id link, const error &why);

  /// What the hellos of links opened from now on say; the message limit of an endpoint does not change.
  void set_identity(const cluster_id &cluster, generation_t generation);

  /// Sends a message that has no answer. An unknown link answers link_down, a full queue overloaded, a kind of message
  /// that is too large even for parts too_large.
  result<void> send(link_id link, outgoing message);
  /// Sends a request. `then` is called exactly once: with the answer, with the error of a `failure` answer, with
  /// timed_out at `deadline`, with link_down, or with what send would have returned (then from inside this call).
  /// Returns the request's number for withdraw_request.
  std::uint64_t request(link_id link, outgoing message, time_point deadline, reply then);
  /// The answer is no longer wanted: `then` is dropped without a call, unsent bytes stay unsent.
  void withdraw_request(link_id link, std::uint64_t number);
  /// Answers the request `number` of `link`. A link that is gone is ignored.
  void answer(link_id link, std::uint64_t number, outgoing message);
  void answer_failure(link_id link, std::uint64_t number, const refusal &why);

  /// Runs transports and timers; returns when it wants to run next, unless a descriptor is readable before. Calls from
  /// outside of poll may bring that time forward: poll again after them.
  time_point poll(time_point now);
  /// The end of a round that began with poll: runs the transports that were given something since, no timers. Returns
  /// what poll would.
  time_point poll_used(time_point now);
  /// Level-triggered descriptors to wait on; stable once all transports were added.
  [[nodiscard]] std::vector<int> event_fds() const;

  [[nodiscard]] const link_info *find_link(link_id link) const;
  [[nodiscard]] std::vector<link_info> links() const;
  [[nodiscard]] link_counters counters(link_id link) const;
  /// Bytes held by messages being put together.
  [[nodiscard]] std::uint64_t assembly_bytes() const;
  /// Bytes that wait for peers that dialled us to take them.
  [[nodiscard]] std::uint64_t untaken_bytes() const;
  /// The memory of untaken bytes is wanted: closes the link with most of them whose peer has taken none for a while.
  void shed_untaken();

  /// Says goodbye on every link and closes the transports; poll until closed().
  void begin_close(const error &why);
  [[nodiscard]] bool closed() const;

  struct state; ///< the inside; for the implementation only

private:
  std::unique_ptr<state> state_;
};

} // namespace outsize::wire

#include <outsize/wire/codec.hpp>

namespace outsize::wire {
template <class Message> outgoing make_outgoing(const Message &message, rope payload, std::uint64_t stream) {
  return outgoing{Message::number, encode(message), std::move(payload), stream};
}
} // namespace outsize::wire
