// What one link has to send: messages in order, cut into frames as the far side's credit allows.
//
// Bounded by queue_bytes_max, counted from send until libzmq has given the bytes back. Small messages are copied into a
// frame at once; the parts of larger ones are read in place by libzmq.
//
// Thread rule: the host's thread.
#pragma once

#include "outgoing.hpp"

#include <outsize/transport.hpp>

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <unordered_set>
#include <variant>

namespace outsize::zeromq {

/// Where frames go.
class frame_sink {
public:
  frame_sink() = default;
  frame_sink(const frame_sink &) = delete;
  frame_sink &operator=(const frame_sink &) = delete;
  virtual ~frame_sink() = default;
  /// False when the connection is gone; the frame stays with the caller.
  virtual bool send(zmq::message_t &frame) = 0;
};

class outbox {
public:
  outbox(outsize_link link, std::uint64_t queue_bytes_max, waker &wake, returns &home);
  outbox(const outbox &) = delete;
  outbox &operator=(const outbox &) = delete;
  /// Drops what was not abandoned before.
  ~outbox();

  /// What the far side said when the link opened.
  void open(std::uint64_t session, std::uint64_t piece_bytes, std::uint64_t window_bytes);
  /// The far side's word on how much we may have sent in all; never taken back.
  void set_credit(std::uint64_t total_bytes);

  /// Queues one message, whose size was checked before. Errors: invalid_argument for too many parts.
  result<send_outcome> offer(std::span<const buffer> parts, std::uint64_t total_bytes, std::uint64_t token);

  /// Hands over what credit and libzmq allow. False when the connection is gone.
  bool flush(frame_sink &sink);
  /// True once after a busy answer, when there is room again.
  bool take_writable();

  /// Sends no more. Every message not finished will be completed with `why`.
  void abandon(const error &why);
  /// A message of this link came back.
  void finished(outgoing_message &message);
  /// Queued messages that have not come back yet.
  [[nodiscard]] std::size_t outstanding() const { return unfinished_.size(); }

  /// True when flush would hand something over.
  [[nodiscard]] bool has_work() const { return !queue_.empty(); }
  [[nodiscard]] std::uint64_t queued_bytes() const;
  [[nodiscard]] std::uint64_t queued_bytes_max() const { return queue_bytes_max_; }
  [[nodiscard]] std::uint64_t wire_bytes() const { return wire_bytes_; }
  [[nodiscard]] std::uint64_t messages() const { return messages_; }
  [[nodiscard]] account &counter() { return *account_; }

private:
  struct cursor {
    std::size_t part = 0;
    std::uint64_t offset = 0;
  };
  struct whole_message {
    outgoing_message *message;
    cursor at;
    bool begun = false;
  };
  struct chunk {
    std::uint64_t table_bytes = 0;  ///< the part table, in a head
    std::uint64_t inline_bytes = 0; ///< copied into the frame
    cursor raw_at;                  ///< where the piece begins
    std::uint64_t raw_bytes = 0;    ///< 0: no piece follows
    cursor end;
    [[nodiscard]] std::uint64_t frame_bytes() const;
    [[nodiscard]] std::uint64_t cost() const;
  };
  using entry = std::variant<frame_block, whole_message>;

  enum class step { sent, waits, gone };
  step flush_front(frame_sink &sink);
  step send_block(frame_sink &sink, frame_block &block);
  step send_chunk(frame_sink &sink, whole_message &front);
  [[nodiscard]] chunk plan(const whole_message &front) const;
  frame_block build(const whole_message &front, const chunk &planned);
  bool hand_over(frame_sink &sink, zmq::message_t &&frame, std::uint64_t cost, std::uint64_t charge);
  frame_block copy(std::span<const buffer> parts, std::uint64_t total_bytes);
  void retire(whole_message &front);
  [[nodiscard]] bool affords(std::uint64_t cost) const { return spent_ + cost <= credit_; }
  [[nodiscard]] std::uint64_t submitted_bytes() const { return handed_over_ - account_->returned_bytes(); }
  void watch_returns();

  const outsize_link link_;
  const std::uint64_t queue_bytes_max_;
  returns &home_;
  account_ptr account_;
  std::deque<entry> queue_;
  std::unordered_set<outgoing_message *> unfinished_;

  std::uint64_t session_ = 0;
  std::uint64_t piece_bytes_max_ = 0;
  std::uint64_t credit_ = 0;
  std::uint64_t spent_ = 0;

  std::uint64_t waiting_bytes_ = 0; ///< charges not handed over yet
  std::uint64_t handed_over_ = 0;   ///< charges handed over, in all
  std::uint64_t busy_charge_ = 0;   ///< of the message that was answered busy; 0: none
  std::uint64_t wire_bytes_ = 0;
  std::uint64_t messages_ = 0;
};

} // namespace outsize::zeromq
