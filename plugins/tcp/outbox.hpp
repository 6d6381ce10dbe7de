// What one link has to send, in order, ready for one scatter-gather write after another. Knows nothing of sockets.
//
// Small messages are copied, one behind the other: that is cheaper than to keep references, and the caller's buffers
// are let go of at once (send_outcome::done). Larger ones are kept by reference until their last byte is written.
//
// Thread rule: one thread at a time.
#pragma once

#include <outsize/buffer.hpp>
#include <outsize/transport.hpp>

#include <sys/uio.h>

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

namespace outsize::tcp {

class outbox {
public:
  explicit outbox(std::uint64_t queued_bytes_max) : queued_bytes_max_(queued_bytes_max) {}

  /// Takes references to `parts`, or copies them. `message_bytes` is the sum of their sizes.
  send_outcome push(std::span<const buffer> parts, std::uint64_t message_bytes, std::uint64_t token);

  /// Points `into` at the bytes to write next. Returns how many entries are set; 0 when there is nothing to send.
  std::size_t gather(std::span<iovec> into) const;
  /// The first `bytes` of what gather showed are written. Tokens of messages that are done are added to `completed`.
  void wrote(std::uint64_t bytes, std::vector<std::uint64_t> &completed);
  /// Drops everything. Tokens of messages that had a completion coming are added to `dropped`.
  void drop(std::vector<std::uint64_t> &dropped);

  [[nodiscard]] bool empty() const { return queue_.empty(); }
  [[nodiscard]] std::uint64_t queued_bytes() const { return queued_bytes_; }
  [[nodiscard]] std::uint64_t queued_bytes_max() const { return queued_bytes_max_; }
  [[nodiscard]] std::uint64_t messages_written() const { return messages_written_; }

  /// True when a send was answered busy and may be tried again now.
  [[nodiscard]] bool is_writable() const;
  /// The host is told: false from is_writable until the next such answer.
  void told_writable() { wanted_ = 0; }

private:
  struct entry {
    std::vector<std::uint8_t> head; // frame header, or whole small messages with theirs
    std::vector<buffer> parts;
    std::uint64_t bytes = 0; // of both
    std::uint64_t token = 0;
    std::uint64_t messages = 0;
    bool completes = false;
  };
  [[nodiscard]] bool has_room(std::uint64_t bytes) const;
  void copy(std::span<const buffer> parts, std::uint64_t frame_bytes);

  const std::uint64_t queued_bytes_max_;
  std::deque<entry> queue_;
  std::uint64_t front_written_ = 0; // bytes of queue_.front() that are written
  std::uint64_t queued_bytes_ = 0;
  std::uint64_t messages_written_ = 0;
  std::uint64_t wanted_ = 0;        // size of the smallest send that was answered busy; 0: none
  std::vector<std::uint8_t> spare_; // an emptied head, kept for its memory
};

} // namespace outsize::tcp
