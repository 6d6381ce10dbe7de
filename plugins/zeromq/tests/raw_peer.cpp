#include "raw_peer.hpp"

#include <array>
#include <cerrno>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace outsize::zeromq {

namespace {

constexpr std::size_t greeting_bytes = 64;

void append(bytes &to, std::string_view text) {
  to.insert(to.end(), text.begin(), text.end());
}

void append_property(bytes &to, std::string_view name, std::string_view value) {
  to.push_back(static_cast<std::uint8_t>(name.size()));
  append(to, name);
  for (int shift = 24; shift >= 0; shift -= 8) {
    to.push_back(static_cast<std::uint8_t>(value.size() >> static_cast<unsigned>(shift)));
  }
  append(to, value);
}

} // namespace

raw_peer::raw_peer(const std::string &address) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  if (fd_ < 0 || ::connect(fd_, reinterpret_cast<sockaddr *>(&to), sizeof to) != 0) {
    throw std::runtime_error("raw peer cannot connect to " + address);
  }
}

raw_peer::raw_peer(raw_peer &&other) noexcept
    : fd_(std::exchange(other.fd_, -1)), in_(std::move(other.in_)), greeted_(other.greeted_), ready_(other.ready_) {}

raw_peer::~raw_peer() {
  close();
}

void raw_peer::close() {
  if (fd_ >= 0) {
    ::close(std::exchange(fd_, -1));
  }
}

bool raw_peer::send(std::span<const std::uint8_t> what) {
  while (!what.empty()) {
    const ssize_t sent = ::send(fd_, what.data(), what.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      return false;
    }
    what = what.subspan(static_cast<std::size_t>(sent));
  }
  return true;
}

bool raw_peer::send(std::string_view what) {
  return send({reinterpret_cast<const std::uint8_t *>(what.data()), what.size()});
}

void raw_peer::shake_hands(const std::string &identity) {
  bytes greeting(greeting_bytes);
  greeting[0] = 0xff;
  greeting[9] = 0x7f;
  greeting[10] = 3;
  greeting[11] = 1;
  greeting[12] = 'N';
  greeting[13] = 'U';
  greeting[14] = 'L';
  greeting[15] = 'L';
  bytes ready;
  ready.push_back(5);
  append(ready, "READY");
  append_property(ready, "Socket-Type", "DEALER");
  append_property(ready, "Identity", identity);
  send(greeting);
  send(bytes{0x04, static_cast<std::uint8_t>(ready.size())}); // a command, short form
  send(ready);
  // libzmq takes no message before it has sent its own READY. Its threads do that by themselves.
  while (!ready_ && wait() && pump()) {
    (void)take_frame();
  }
}

bool raw_peer::wait() const {
  pollfd one{fd_, POLLIN, 0};
  return ::poll(&one, 1, 10'000) == 1;
}

bool raw_peer::announce_frame(std::uint64_t length, bool more) {
  bytes header{static_cast<std::uint8_t>(0x02U | (more ? 0x01U : 0x00U))};
  for (int shift = 56; shift >= 0; shift -= 8) {
    header.push_back(static_cast<std::uint8_t>(length >> static_cast<unsigned>(shift)));
  }
  return send(header);
}

bool raw_peer::send_frame(std::span<const std::uint8_t> body, bool more) {
  return announce_frame(body.size(), more) && send(body);
}

bool raw_peer::pump() {
  std::array<std::uint8_t, 65536> chunk{};
  ssize_t got = 0;
  while ((got = ::recv(fd_, chunk.data(), chunk.size(), MSG_DONTWAIT)) > 0) {
    in_.insert(in_.end(), chunk.begin(), chunk.begin() + got);
  }
  return got < 0 && (errno == EAGAIN || errno == EINTR);
}

std::optional<bytes> raw_peer::take_frame() {
  if (!greeted_) {
    if (in_.size() < greeting_bytes) {
      return std::nullopt;
    }
    in_.erase(in_.begin(), in_.begin() + greeting_bytes);
    greeted_ = true;
  }
  while (in_.size() >= 2) {
    const bool large = (in_[0] & 0x02U) != 0;
    const std::size_t header = large ? 9 : 2;
    if (in_.size() < header) {
      return std::nullopt;
    }
    std::uint64_t length = 0;
    for (std::size_t i = 1; i < header; ++i) {
      length = length << 8U | in_[i];
    }
    if (in_.size() < header + length) {
      return std::nullopt;
    }
    const bool command = (in_[0] & 0x04U) != 0;
    const auto begin = in_.begin() + static_cast<std::ptrdiff_t>(header);
    bytes body(begin, begin + static_cast<std::ptrdiff_t>(length));
    in_.erase(in_.begin(), begin + static_cast<std::ptrdiff_t>(length));
    if (!command) {
      return body;
    }
    ready_ = true;
  }
  return std::nullopt;
}

} // namespace outsize::zeromq
