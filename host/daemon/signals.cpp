#include "signals.hpp"

#include <fmt/format.h>

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace outsize::host {

result<stop_signals> stop_signals::open() {
  sigset_t stops;
  sigemptyset(&stops);
  sigaddset(&stops, SIGTERM);
  sigaddset(&stops, SIGINT);
  const int masked = ::pthread_sigmask(SIG_BLOCK, &stops, nullptr);
  const int fd = masked == 0 ? ::signalfd(-1, &stops, SFD_NONBLOCK | SFD_CLOEXEC) : -1;
  if (fd < 0) {
    return make_error(code::internal, fmt::format("signals cannot be read: {}", std::strerror(errno)));
  }
  std::signal(SIGPIPE, SIG_IGN);
  return stop_signals(fd);
}

stop_signals::stop_signals(stop_signals &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

stop_signals &stop_signals::operator=(stop_signals &&other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

stop_signals::~stop_signals() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

int stop_signals::take() {
  signalfd_siginfo seen{};
  return ::read(fd_, &seen, sizeof seen) == sizeof seen ? static_cast<int>(seen.ssi_signo) : 0;
}

} // namespace outsize::host
