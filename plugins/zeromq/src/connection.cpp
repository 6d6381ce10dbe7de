#include "connection.hpp"

#include "limits.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace outsize::zeromq {

namespace {

using name_of = int(int, sockaddr *, socklen_t *);

std::optional<sockaddr_storage> address_of(int fd, name_of *ask) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (ask(fd, reinterpret_cast<sockaddr *>(&storage), &size) != 0) {
    return std::nullopt;
  }
  return storage;
}

int port_of(const sockaddr_storage &address) {
  if (address.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6 &>(address).sin6_port);
  }
  return address.ss_family == AF_INET ? ntohs(reinterpret_cast<const sockaddr_in &>(address).sin_port) : -1;
}

std::string text_of(const sockaddr_storage &address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool v6 = address.ss_family == AF_INET6;
  const void *bytes = v6 ? static_cast<const void *>(&reinterpret_cast<const sockaddr_in6 &>(address).sin6_addr)
                         : static_cast<const void *>(&reinterpret_cast<const sockaddr_in &>(address).sin_addr);
  if (inet_ntop(address.ss_family, bytes, text.data(), text.size()) == nullptr) {
    return "?";
  }
  const std::string host = v6 ? "[" + std::string(text.data()) + "]" : std::string(text.data());
  return host + ":" + std::to_string(port_of(address));
}

} // namespace

std::unique_ptr<connection> connection::join(int number, int local_port, reader &owner, waker &wake,
                                             std::uint64_t tag) {
  const int fd = fcntl(number, F_DUPFD_CLOEXEC, 0);
  if (fd < 0) {
    return nullptr;
  }
  const std::optional<sockaddr_storage> near = address_of(fd, &getsockname);
  const std::optional<sockaddr_storage> far = address_of(fd, &getpeername);
  if (!near || (local_port != 0 && port_of(*near) != local_port)) {
    ::close(fd);
    return nullptr;
  }
  return std::unique_ptr<connection>(new connection(fd, owner, wake, tag, far ? text_of(*far) : "?"));
}

connection::connection(int fd, reader &owner, waker &wake, std::uint64_t tag, std::string peer)
    : fd_(fd), owner_(owner), wake_(wake), tag_(tag), peer_(std::move(peer)), delivered_(handshake_bytes_max) {
  wake_.watch_once(fd_, tag_);
}

connection::~connection() {
  wake_.forget(fd_); // closing a duplicate does not take it out of the set
  ::close(fd_);
}

void connection::cut() {
  // Not shutdown: a socket that is shut down still delivers what keeps coming, and libzmq would read on without end.
  sockaddr none{};
  none.sa_family = AF_UNSPEC;
  ::connect(fd_, &none, sizeof none);
}

connection::counters connection::measure() const {
  tcp_info info{};
  socklen_t size = sizeof info;
  int unread = 0;
  if (getsockopt(fd_, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 || ioctl(fd_, FIONREAD, &unread) != 0) {
    return {0, 0};
  }
  return {info.tcpi_bytes_received, static_cast<std::uint64_t>(std::max(unread, 0))};
}

std::uint64_t connection::received_bytes() const {
  return measure().received;
}

void connection::delivered(std::uint64_t frame_bytes) {
  delivered_ += frame_bytes + zmtp_header_bytes;
}

bool connection::sample() {
  const counters now = measure();
  const std::uint64_t read = now.received - std::min(now.received, now.unread);
  if (read < read_) {
    return false; // it was reset, and the kernel's counters with it: nothing more is to be learned of it
  }
  const bool moved = read > read_;
  read_ = read;
  // Frame headers may be shorter than we count them: nobody shall save that up for later.
  delivered_ = std::min(delivered_, now.received + handshake_bytes_max);
  return moved;
}

void connection::rearm() {
  wake_.rearm(fd_, tag_);
}

} // namespace outsize::zeromq
