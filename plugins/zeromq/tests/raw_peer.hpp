// A peer without libzmq: a TCP socket and ZMTP 3.1 written by hand, so that it can say what libzmq never would.
//
// Thread rule: one thread at a time; sending may block, reading never does.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace outsize::zeromq {

using bytes = std::vector<std::uint8_t>;

class raw_peer {
public:
  /// Connects to "zeromq+tcp://127.0.0.1:PORT".
  explicit raw_peer(const std::string &address);
  raw_peer(raw_peer &&other) noexcept;
  raw_peer(const raw_peer &) = delete;
  raw_peer &operator=(const raw_peer &) = delete;
  ~raw_peer();

  /// Bytes as they are. False once the far side has closed.
  bool send(std::span<const std::uint8_t> what);
  bool send(std::string_view what);

  /// Greeting and READY of a DEALER, answered by libzmq whatever its host does.
  void shake_hands(const std::string &identity = {});
  /// One ZMTP frame. False once the far side has closed.
  bool send_frame(std::span<const std::uint8_t> body, bool more = false);
  /// A frame header that announces `length` bytes, and nothing behind it.
  bool announce_frame(std::uint64_t length, bool more = false);

  /// Reads what is there. False once the far side has closed.
  bool pump();
  /// The next message frame that has arrived whole; handshake and commands are left out.
  std::optional<bytes> take_frame();
  void close();

private:
  [[nodiscard]] bool wait() const;
  int fd_ = -1;
  bytes in_;
  bool greeted_ = false; ///< the far side's greeting was taken out of in_
  bool ready_ = false;   ///< a command of the far side was seen: its READY is the first
};

} // namespace outsize::zeromq
