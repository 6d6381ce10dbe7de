// What worker threads have finished, for the loop thread to pick up.
//
// Thread rule: post from any thread; take and event_fd on the loop thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace outsize::host {

template <class Letter> class mailbox {
public:
  using letter = Letter;

  mailbox() : event_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~mailbox() {
    if (event_fd_ >= 0) {
      close(event_fd_);
    }
  }
  mailbox(const mailbox &) = delete;
  mailbox &operator=(const mailbox &) = delete;

  /// False when the process has no descriptor left; nothing else may be called then.
  [[nodiscard]] bool is_open() const { return event_fd_ >= 0; }

  void post(Letter next) {
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      letters_.push_back(std::move(next));
      first = !std::exchange(rung_, true);
    }
    ring(first);
  }
  void post(std::vector<Letter> letters) {
    bool first = false;
    if (!letters.empty()) {
      const std::lock_guard lock(mutex_);
      letters_.insert(letters_.end(), std::make_move_iterator(letters.begin()), std::make_move_iterator(letters.end()));
      first = !std::exchange(rung_, true);
    }
    ring(first);
  }

  /// Everything posted so far, in order. The descriptor is quiet afterwards, or becomes so with the next call: a ring
  /// may still be on its way for what is taken here.
  [[nodiscard]] std::vector<Letter> take() {
    const std::lock_guard lock(mutex_);
    eventfd_t rung = 0;
    if (rung_ && eventfd_read(event_fd_, &rung) == 0) {
      rung_ = false;
    }
    return std::exchange(letters_, {});
  }

  [[nodiscard]] int event_fd() const { return event_fd_; }

private:
  /// Without the lock: whom it wakes wants that next.
  void ring(bool first) const {
    if (first) {
      (void)eventfd_write(event_fd_, 1); // fails only at 2^64 - 1 unread rings; there is one at most
    }
  }

  const int event_fd_;
  std::mutex mutex_;
  bool rung_ = false; ///< a ring is in the descriptor, or about to be
  std::vector<Letter> letters_;
};

} // namespace outsize::host
