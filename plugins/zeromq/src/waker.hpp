// The descriptor that the host waits on: an epoll set with everything that can bring work, and an eventfd for the rest.
//
// ZMQ_FD tells of changes, not of states: it is silent while messages wait that an earlier call has seen. So whoever
// leaves work behind calls signal(), and the host's descriptor is readable whenever poll would do something.
//
// Thread rule: signal from any thread; everything else on the host's thread.
#pragma once

#include <outsize/result.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace outsize::zeromq {

class waker {
public:
  /// Errors: overloaded, when the process has no descriptors left.
  static result<std::unique_ptr<waker>> make();
  waker(const waker &) = delete;
  waker &operator=(const waker &) = delete;
  ~waker();

  [[nodiscard]] int fd() const { return epoll_; }

  /// Makes fd() readable until the next collect.
  void signal();

  /// Reports `tag` from collect as long as `fd` is readable. False when the system has no room for it.
  [[nodiscard]] bool watch(int fd, std::uint64_t tag);
  /// Reports `tag` once, when `fd` becomes readable; then keeps still until rearm. Best effort: who must
  /// not miss anything looks by time as well.
  void watch_once(int fd, std::uint64_t tag);
  void rearm(int fd, std::uint64_t tag);
  void forget(int fd);

  /// Takes the signal back and appends the tags of what is readable now.
  void collect(std::vector<std::uint64_t> &tags);

private:
  waker(int epoll, int event) : epoll_(epoll), event_(event) {}
  int epoll_;
  int event_;
  std::atomic<bool> signalled_{false};
};

} // namespace outsize::zeromq
