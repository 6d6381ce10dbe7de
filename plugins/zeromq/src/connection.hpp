// One TCP connection that libzmq holds, seen from beside: how much it has received, and a way to cut it.
//
// libzmq bounds neither the memory of a message that never ends nor of frames that nobody is given; what the kernel
// counts as received, less what has been handed to us, tells. The descriptor is a duplicate of libzmq's, so that the
// number cannot come to mean another connection.
//
// Thread rule: the host's thread.
#pragma once

#include "waker.hpp"

#include <outsize/time.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

namespace outsize::zeromq {

class connection;

/// Whoever reads the socket that a connection belongs to.
class reader {
public:
  reader() = default;
  reader(const reader &) = delete;
  reader &operator=(const reader &) = delete;
  virtual ~reader() = default;
  /// The next poll shall receive until nothing is left, whatever the descriptor says.
  virtual void look_again() = 0;
  /// How much of what libzmq has read of `of` it may keep back without suspicion.
  [[nodiscard]] virtual std::uint64_t withheld_bytes_max(const connection &of) const = 0;
  /// `of` has passed that.
  virtual void abused(connection &of, std::uint64_t withheld_bytes) = 0;
};

class connection {
public:
  /// Takes part in the connection behind `number`, libzmq's descriptor. Null when it is gone already, or when
  /// `local_port` is not 0 and the descriptor is not a connection to it. `tag` is reported by `wake` when bytes arrive.
  static std::unique_ptr<connection> join(int number, int local_port, reader &owner, waker &wake, std::uint64_t tag);
  connection(const connection &) = delete;
  connection &operator=(const connection &) = delete;
  ~connection();

  /// Resets the connection; libzmq notices and reports it.
  void cut();

  /// "127.0.0.1:4711", "[::1]:4711"
  [[nodiscard]] const std::string &peer() const { return peer_; }
  [[nodiscard]] std::uint64_t tag() const { return tag_; }
  [[nodiscard]] reader &owner() const { return owner_; }

  /// Bytes received by the kernel so far.
  [[nodiscard]] std::uint64_t received_bytes() const;
  /// Counts a frame that libzmq handed over.
  void delivered(std::uint64_t frame_bytes);

  /// Notes what libzmq has read of this connection by now. Returns false when that has not changed since the last time.
  bool sample();
  /// What libzmq had read at the last sample and has not handed over by now.
  [[nodiscard]] std::uint64_t withheld_bytes() const { return read_ - std::min(read_, delivered_); }
  /// Asks for the tag when the next bytes arrive.
  void rearm();

private:
  connection(int fd, reader &owner, waker &wake, std::uint64_t tag, std::string peer);
  struct counters {
    std::uint64_t received;
    std::uint64_t unread;
  };
  [[nodiscard]] counters measure() const;
  const int fd_;
  reader &owner_;
  waker &wake_;
  const std::uint64_t tag_;
  const std::string peer_;
  std::uint64_t read_ = 0; ///< by libzmq, at the last sample
  std::uint64_t delivered_ = 0;
};

} // namespace outsize::zeromq
