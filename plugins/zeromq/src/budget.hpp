// The memory for messages that are being received, over all links (rule T-07).
//
// Each link gets a window: what its peer may send ahead of us. A message that fits the window needs nothing more. A
// larger one must have all of its bytes reserved before more than a window of it is let in; whoever finds no room waits
// in line, and since a reservation is for the whole message, whoever has one can always finish.
//
// Thread rule: the host's thread.
#pragma once

#include <outsize/transport.hpp>

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

namespace outsize::zeromq {

class budget {
public:
  budget(std::uint64_t memory_bytes_max, std::uint64_t message_bytes_max)
      : memory_bytes_max_(memory_bytes_max), message_bytes_max_(message_bytes_max) {}

  /// The window of a new link: a share of what is left, never below window_bytes_min.
  std::uint64_t open_window();
  void close_window(std::uint64_t window_bytes);

  /// True when `bytes` are reserved for `link` now; otherwise it waits in line. One at a time for each link.
  bool reserve(outsize_link link, std::uint64_t bytes);
  /// Gives back what the link has or waits for; nothing when it has neither.
  void release(outsize_link link);
  /// Links whose turn has come since the last call.
  std::vector<outsize_link> take_granted();

  [[nodiscard]] bool anyone_waits() const { return !line_.empty(); }
  [[nodiscard]] std::vector<outsize_link> holders() const;
  [[nodiscard]] std::uint64_t reserved_bytes() const { return reserved_; }
  /// What may be reserved in all; always enough for one message.
  [[nodiscard]] std::uint64_t pool_bytes() const;

private:
  struct waiter {
    outsize_link link;
    std::uint64_t bytes;
  };
  void admit();
  const std::uint64_t memory_bytes_max_;
  const std::uint64_t message_bytes_max_;
  std::uint64_t windows_ = 0; ///< twice the windows: one in libzmq, one put together from small messages
  std::uint64_t reserved_ = 0;
  std::unordered_map<outsize_link, std::uint64_t> held_;
  std::deque<waiter> line_;
  std::vector<outsize_link> granted_;
};

} // namespace outsize::zeromq
