// Watches all connections for bytes that libzmq keeps: messages that never end, frames on the side of the protocol.
//
// A connection that is receiving is looked at every few milliseconds, a quiet one when its first bytes arrive. One look
// has two halves: sample, before everything libzmq has is received, and judge, after it; what is missing then is held
// back by libzmq, not by us.
//
// Thread rule: the host's thread.
#pragma once

#include "connection.hpp"

#include <outsize/time.hpp>

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace outsize::zeromq {

class guard {
public:
  void joined(connection &one, time_point now);
  void left(connection &one);
  /// Bytes have arrived at the connection with this tag.
  void stirred(std::uint64_t tag, time_point now);

  /// First half, when it is time.
  void sample(time_point now);
  /// Second half: tells the reader of each connection that passed its bound.
  void judge();
  /// When to look again.
  [[nodiscard]] time_point next() const;

private:
  struct watched {
    connection *one;
    bool busy = false;    ///< looked at every few milliseconds
    bool sampled = false; ///< in this poll
    bool moved = false;
  };
  void stir(watched &what, time_point now);
  void rest(watched &what);
  std::unordered_map<std::uint64_t, watched> all_; // by tag
  std::size_t busy_ = 0;
  time_point next_busy_ = never;
  time_point next_quiet_ = never;
};

} // namespace outsize::zeromq
