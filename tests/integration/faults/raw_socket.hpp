// A plain TCP connection to a port of this machine, for bytes that no transport would send.
//
// Thread rule: one thread at a time.
#pragma once

#include <outsize/time.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace outsize::faults {

class raw_socket {
public:
  /// Connects to the port of "tcp://127.0.0.1:PORT" or "zeromq+tcp://127.0.0.1:PORT". Throws std::runtime_error.
  explicit raw_socket(const std::string &address);
  raw_socket(raw_socket &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  raw_socket &operator=(raw_socket &&) = delete;
  ~raw_socket();

  /// False when the far side closed, or took nothing more until the deadline.
  bool send(std::string_view bytes, time_point deadline);
  /// Greeting and READY of a ZeroMQ DEALER; what the far side answers is not looked at.
  bool greet_zeromq(time_point deadline);
  /// Reads and drops what comes until the far side closes; false at the deadline.
  [[nodiscard]] bool await_closed(time_point deadline);

private:
  /// False at the deadline.
  [[nodiscard]] bool wait(short events, time_point deadline) const;
  int fd_ = -1;
};

/// A number as it stands in a frame.
std::string little_endian(std::uint64_t value, unsigned bytes);
std::string big_endian(std::uint64_t value, unsigned bytes);

} // namespace outsize::faults
