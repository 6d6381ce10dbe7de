#include "link.hpp"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace outsize::tcp {

link::read_result link::read(std::span<std::uint8_t> scratch) {
  const std::span<std::uint8_t> body = in.room();
  const std::array<iovec, 2> into = {iovec{body.data(), body.size()}, iovec{scratch.data(), scratch.size()}};
  ssize_t count = 0;
  do {
    count = ::readv(socket.get(), into.data(), into.size());
  } while (count < 0 && errno == EINTR);
  if (count < 0) {
    const bool empty = errno == EAGAIN || errno == EWOULDBLOCK;
    return {empty ? read_end::drained : read_end::failed, errno, {}};
  }
  if (count == 0) {
    return {read_end::closed, 0, {}};
  }
  const auto bytes = static_cast<std::size_t>(count);
  bytes_received += bytes;
  const std::size_t into_body = std::min(bytes, body.size());
  if (into_body > 0) {
    in.filled(into_body);
  }
  const read_end end = bytes == body.size() + scratch.size() ? read_end::more : read_end::drained;
  return {end, 0, scratch.first(bytes - into_body)};
}

int link::flush() {
  constexpr std::size_t iov_max = 1024; // IOV_MAX of Linux
  std::array<iovec, iov_max> from; // NOLINT(cppcoreguidelines-pro-type-member-init): 16 KiB, gather sets what is used
  while (!out.empty() && !blocked) {
    msghdr header{};
    header.msg_iov = from.data();
    header.msg_iovlen = out.gather(from);
    const ssize_t count = ::sendmsg(socket.get(), &header, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
      return errno;
    }
    blocked = count < 0;
    if (blocked) {
      break;
    }
    bytes_sent += static_cast<std::uint64_t>(count);
    tokens_.clear();
    out.wrote(static_cast<std::uint64_t>(count), tokens_);
    for (const std::uint64_t token_done : tokens_) {
      completions.push_back({token_done, true});
    }
  }
  return 0;
}

void link::keep(std::span<const std::uint8_t> rest) {
  kept_.assign(rest.begin(), rest.end());
  kept_from_ = 0;
}

std::span<const std::uint8_t> link::kept() const {
  return std::span(kept_).subspan(kept_from_);
}

void link::used(std::size_t left) {
  kept_from_ = kept_.size() - left;
  if (left == 0) {
    kept_ = {}; // gives the memory back: most links never need it again
    kept_from_ = 0;
  }
}

void link::end(const error &reason) {
  now = phase::ending;
  why = reason;
  socket.reset();
  used(0);
  tokens_.clear();
  out.drop(tokens_);
  for (const std::uint64_t token_dropped : tokens_) {
    completions.push_back({token_dropped, false});
  }
}

bool link::has_work() const {
  if (now == phase::ending || !completions.empty()) {
    return true;
  }
  if (now != phase::up) {
    return false;
  }
  const bool can_write = !out.empty() && !blocked;
  const bool can_read = !in.is_waiting() && (!kept().empty() || in.is_whole());
  return can_write || can_read || out.is_writable();
}

} // namespace outsize::tcp
