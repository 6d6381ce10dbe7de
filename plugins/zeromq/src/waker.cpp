#include "waker.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <limits>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace outsize::zeromq {

namespace {

constexpr std::uint64_t own_tag = std::numeric_limits<std::uint64_t>::max();

epoll_event interest(std::uint32_t events, std::uint64_t tag) {
  epoll_event made{};
  made.events = events;
  made.data.u64 = tag;
  return made;
}

} // namespace

result<std::unique_ptr<waker>> waker::make() {
  std::unique_ptr<waker> made(new waker(epoll_create1(EPOLL_CLOEXEC), eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)));
  if (made->epoll_ < 0 || made->event_ < 0 || !made->watch(made->event_, own_tag)) {
    return make_error(code::overloaded,
                      std::string("no descriptor for the transport's events: ") + std::strerror(errno),
                      "raise the limit of open files (ulimit -n)");
  }
  return made;
}

waker::~waker() {
  ::close(event_);
  ::close(epoll_);
}

void waker::signal() {
  if (!signalled_.exchange(true)) {
    const std::uint64_t one = 1;
    // Cannot fail: the counter is at most 1.
    [[maybe_unused]] const ssize_t written = ::write(event_, &one, sizeof one);
  }
}

bool waker::watch(int fd, std::uint64_t tag) {
  epoll_event how = interest(EPOLLIN, tag);
  return epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &how) == 0;
}

void waker::watch_once(int fd, std::uint64_t tag) {
  epoll_event how = interest(EPOLLIN | EPOLLET | EPOLLONESHOT, tag);
  epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &how);
}

void waker::rearm(int fd, std::uint64_t tag) {
  epoll_event how = interest(EPOLLIN | EPOLLET | EPOLLONESHOT, tag);
  epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &how);
}

void waker::forget(int fd) {
  epoll_event unused{};
  epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, &unused);
}

void waker::collect(std::vector<std::uint64_t> &tags) {
  std::array<epoll_event, 64> ready{};
  // One round is enough: what is still readable is reported by the next collect, and fd() stays readable until then.
  const int count = epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), 0);
  for (int i = 0; i < count; ++i) {
    const std::uint64_t tag = ready[static_cast<std::size_t>(i)].data.u64;
    if (tag != own_tag) {
      tags.push_back(tag);
      continue;
    }
    std::uint64_t value = 0;
    [[maybe_unused]] const ssize_t taken = ::read(event_, &value, sizeof value);
    // An exchange, not a store: it makes visible what was left for us before a signal that found this set.
    signalled_.exchange(false);
  }
}

} // namespace outsize::zeromq
