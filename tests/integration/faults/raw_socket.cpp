#include "raw_socket.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace outsize::faults {

raw_socket::raw_socket(const std::string &address) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoul(address.substr(address.rfind(':') + 1))));
  if (fd_ < 0 || ::connect(fd_, reinterpret_cast<const sockaddr *>(&to), sizeof to) != 0) {
    throw std::runtime_error("cannot connect to " + address + ": " + std::strerror(errno));
  }
}

raw_socket::~raw_socket() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

bool raw_socket::wait(short events, time_point deadline) const {
  pollfd one{fd_, events, 0};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_now()).count();
  return ::poll(&one, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000))) == 1;
}

bool raw_socket::send(std::string_view bytes, time_point deadline) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno != EAGAIN || !wait(POLLOUT, deadline)) {
      return false;
    }
  }
  return true;
}

bool raw_socket::greet_zeromq(time_point deadline) {
  std::string greeting = std::string("\xff") + std::string(8, '\0') + "\x7f\x03\x01" + "NULL";
  greeting.resize(64);
  const std::string socket_type = "\x0bSocket-Type" + big_endian(6, 4) + "DEALER";
  const std::string ready = "\x05READY" + socket_type;
  return send(greeting + "\x04" + static_cast<char>(ready.size()) + ready, deadline);
}

bool raw_socket::await_closed(time_point deadline) {
  while (wait(POLLIN, deadline)) {
    std::array<char, 65536> chunk{};
    const ssize_t count = ::recv(fd_, chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN)) {
      return true;
    }
  }
  return false;
}

std::string little_endian(std::uint64_t value, unsigned bytes) {
  std::string made;
  for (unsigned i = 0; i < bytes; ++i) {
    made += static_cast<char>(value >> (8 * i));
  }
  return made;
}

std::string big_endian(std::uint64_t value, unsigned bytes) {
  std::string made = little_endian(value, bytes);
  std::reverse(made.begin(), made.end());
  return made;
}

} // namespace outsize::faults
