// What waits to be sent on one link, and who goes next.
//
// Control messages (pings, credit, failures, …) go first. The rest waits in one queue per stream; streams take turns
// by bytes (deficit round robin). A message above the whole-message limit leaves in parts, under the peer's credit and
// with at most two parts' worth in the transport, so that a small message of another stream waits behind that and no
// more.
//
// Thread rule: the endpoint's thread. A machine: it sends through the sink it is given and calls nobody else.
#pragma once

#include <outsize/buffer.hpp>
#include <outsize/result.hpp>
#include <outsize/transport_handle.hpp>
#include <outsize/wire/limits.hpp>
#include <outsize/wire/messages.hpp>

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace outsize::wire {

/// Where an outbox sends: one link of a transport.
class outbox_sink {
public:
  /// As transport_handle::send.
  virtual result<transport_handle::sent> hand_over(std::vector<buffer> &parts, std::uint64_t token) = 0;

protected:
  ~outbox_sink() = default;
};

struct outbox_limits {
  std::uint64_t link_bytes = 0;   ///< the link limit
  std::uint64_t window_bytes = 0; ///< part bytes the peer takes without credit; 0: no parts
  std::uint64_t queue_bytes = 0;  ///< waiting here at most
};

/// A message as it waits: header part sealed.
struct outbox_message {
  std::uint64_t number = 0;
  bool is_request = false; ///< else an answer or a message without one
  buffer header;
  rope payload;
  [[nodiscard]] std::uint64_t size() const { return header.size() + payload.size(); }
};

class outbox {
public:
  /// A request or answer that the transport refused, with its error.
  struct failed_message {
    std::uint64_t number;
    bool is_request;
    error why;
  };

  explicit outbox(outbox_sink &sink) : sink_(sink) {}
  void set_limits(const outbox_limits &limits);

  /// Queues a message and sends what can be sent. Errors: too_large, overloaded, or what the transport said.
  result<void> push(outbox_message message, std::uint64_t stream);
  /// Queues a message that goes before all others; false when more than control_messages_max wait already.
  [[nodiscard]] bool push_control(buffer header);

  /// Takes a message back if it has not been sent whole; parts that are out are followed by the mark that ends them.
  /// False when there is nothing to take back.
  bool take_back(std::uint64_t number, bool is_request);

  /// Sends what can be sent now. Call after credit, completions and writable.
  void pump();
  /// The peer consumed that many bytes of parts. False when it never got so many.
  [[nodiscard]] bool give_credit(std::uint64_t bytes);
  /// `token` as it was handed to the sink: the bytes of a part, 0 for anything else.
  void on_completion(std::uint64_t token);
  void on_writable() { busy_ = false; }
  void clear();

  /// Messages that failed after push had returned; handed out once.
  [[nodiscard]] std::vector<failed_message> take_failed() { return std::exchange(failed_, {}); }
  [[nodiscard]] std::uint64_t queued_bytes() const { return queued_bytes_; }
  /// Bytes given to the transport ever, control messages not counted.
  [[nodiscard]] std::uint64_t handed_over_bytes() const { return handed_over_bytes_; }
  /// Part bytes that the peer has not given credit for.
  [[nodiscard]] std::uint64_t uncredited_bytes() const { return uncredited_bytes_; }

  static constexpr std::size_t control_messages_max = 4096;

private:
  struct waiting {
    outbox_message message;
    std::uint64_t part_message = 0; ///< its name once the first part is out
    std::uint64_t sent_bytes = 0;
    rope whole; ///< header part and payload as one, for parts
  };
  struct stream_queue {
    std::deque<waiting> messages;
    std::uint64_t deficit_bytes = 0;
  };
  using stream_map = std::unordered_map<std::uint64_t, stream_queue>;
  enum class attempt { sent, busy, failed };

  [[nodiscard]] bool goes_whole(const outbox_message &message) const;
  [[nodiscard]] result<void> check(const outbox_message &message) const;
  [[nodiscard]] std::uint64_t next_bytes(const waiting &next) const;
  [[nodiscard]] bool may_send(const waiting &next) const;
  void enqueue(outbox_message message, std::uint64_t stream);
  attempt hand_over(std::uint64_t token, error &why);
  attempt send_next(waiting &next);
  attempt send_whole(const outbox_message &message, error &why);
  attempt send_part(waiting &next, error &why);
  bool pump_control();
  bool pump_streams();
  bool send_from(stream_map::iterator queue);
  void remove(stream_map::iterator queue, std::deque<waiting>::iterator which);
  void end_parts(const waiting &ended);

  outbox_sink &sink_;
  outbox_limits limits_;
  std::deque<buffer> control_;
  stream_map streams_;              ///< those with messages
  std::deque<std::uint64_t> turns_; ///< streams, in the order of their turns
  std::unordered_set<std::uint64_t> unsent_requests_;
  std::vector<failed_message> failed_;
  std::vector<buffer> scratch_;
  std::uint64_t queued_bytes_ = 0;
  std::uint64_t handed_over_bytes_ = 0;
  std::uint64_t uncredited_bytes_ = 0;
  std::uint64_t parts_in_transport_bytes_ = 0;
  std::uint64_t parts_under_way_ = 0; ///< messages with a part out and not ended
  std::uint64_t last_part_message_ = 0;
  bool busy_ = false;
};

} // namespace outsize::wire
