// A peer without manners: a plain non-blocking socket for the tests of the tcp transport.
//
// Thread rule: one thread at a time.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace outsize {

class raw_peer {
public:
  raw_peer() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    if (fd_ < 0) {
      throw std::runtime_error("no socket: errno " + std::to_string(errno));
    }
  }
  /// Connects to tcp://127.0.0.1:PORT; the kernel completes it on loopback by itself.
  explicit raw_peer(const std::string &address) : raw_peer() { dial(address); }
  raw_peer(raw_peer &&other) noexcept : fd_(std::exchange(other.fd_, -1)), received_(std::move(other.received_)) {}
  raw_peer &operator=(raw_peer &&) = delete;
  ~raw_peer() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }

  void dial(const std::string &address) {
    const auto port = static_cast<std::uint16_t>(std::stoul(address.substr(address.rfind(':') + 1)));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)::connect(fd_, reinterpret_cast<const sockaddr *>(&to), sizeof to); // in progress is as good
  }
  /// Hands over what the kernel takes; the other side may have hung up already.
  void send_some(std::string_view bytes) { (void)::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  /// Everything that has come so far.
  const std::string &received() {
    char chunk[4096];
    for (ssize_t count = 0; (count = ::recv(fd_, chunk, sizeof chunk, 0)) > 0;) {
      received_.append(chunk, static_cast<std::size_t>(count));
    }
    return received_;
  }
  bool is_closed() {
    char byte = 0;
    const ssize_t count = ::recv(fd_, &byte, 1, 0);
    return count == 0 || (count < 0 && errno != EAGAIN);
  }
  /// Closing sends a reset instead of an orderly end.
  void reset_on_close() {
    const linger now{1, 0};
    (void)::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  [[nodiscard]] int fd() const { return fd_; }

private:
  int fd_;
  std::string received_;
};

/// Listens and never accepts; its queue holds one caller.
class raw_listener {
public:
  raw_listener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof at;
    auto *where = reinterpret_cast<sockaddr *>(&at);
    if (fd_ < 0 || ::bind(fd_, where, bytes) != 0 || ::listen(fd_, 0) != 0 || ::getsockname(fd_, where, &bytes) != 0) {
      throw std::runtime_error("cannot listen: errno " + std::to_string(errno));
    }
    address_ = "tcp://127.0.0.1:" + std::to_string(ntohs(at.sin_port));
  }
  raw_listener(const raw_listener &) = delete;
  raw_listener &operator=(const raw_listener &) = delete;
  ~raw_listener() { ::close(fd_); }
  [[nodiscard]] const std::string &address() const { return address_; }

private:
  int fd_;
  std::string address_;
};

} // namespace outsize
