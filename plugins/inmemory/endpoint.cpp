#include "endpoint.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace outsize::inmemory {

result<endpoint_ref> endpoint::make(std::uint64_t bytes_max) {
  const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) {
    return make_error(code::overloaded,
                      std::string("no event descriptor for an in-memory instance: ") + std::strerror(errno));
  }
  return endpoint_ref::adopt(new endpoint(bytes_max, fd));
}

endpoint::~endpoint() {
  ::close(event_fd_);
}

void endpoint::release() {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    delete this;
  }
}

// Once, until rest has silenced it. An eventfd can only refuse a write when it is full already, and a read when it is
// empty already: both are what is wanted, so the answers are not looked at.
void endpoint::ring() {
  if (!std::exchange(rung_, true)) {
    const std::uint64_t one = 1;
    (void)!::write(event_fd_, &one, sizeof one);
  }
}

bool endpoint::rest() {
  const std::lock_guard lock(mutex_);
  if (letters_.empty() && std::exchange(rung_, false)) {
    std::uint64_t count = 0;
    (void)!::read(event_fd_, &count, sizeof count);
  }
  return letters_.empty();
}

bool endpoint::post(letter what) {
  const std::lock_guard lock(mutex_);
  if (closed_) {
    return false;
  }
  letters_.push_back(std::move(what));
  ring();
  return true;
}

endpoint::posted endpoint::post_message(letter &what, const far_end &back) {
  const std::lock_guard lock(mutex_);
  if (closed_ || messages_refused_) {
    return posted::closed;
  }
  if (bytes_ > 0 && bytes_ + queue_cost(what.bytes) > bytes_max_) {
    const bool waits = std::any_of(waiting_.begin(), waiting_.end(), [&](const far_end &one) {
      return one.at.get() == back.at.get() && one.link == back.link;
    });
    if (!waits) {
      waiting_.push_back(back);
    }
    return posted::full;
  }
  bytes_ += queue_cost(what.bytes);
  letters_.push_back(std::move(what));
  ring();
  return posted::yes;
}

std::optional<letter> endpoint::take() {
  std::vector<far_end> waiting;
  std::optional<letter> oldest;
  {
    const std::lock_guard lock(mutex_);
    if (letters_.empty()) {
      return oldest;
    }
    oldest = std::move(letters_.front());
    letters_.pop_front();
    bytes_ -= oldest->what == letter::kind::message ? queue_cost(oldest->bytes) : 0;
    waiting = freed();
  }
  tell(std::move(waiting));
  return oldest;
}

void endpoint::put_back(letter what) {
  const std::lock_guard lock(mutex_);
  letters_.push_front(std::move(what));
  ring();
}

bool endpoint::empty() const {
  const std::lock_guard lock(mutex_);
  return letters_.empty();
}

void endpoint::drop_messages(std::uint64_t link) {
  std::vector<far_end> waiting;
  std::deque<letter> dropped; // ends after the lock does: releasing a buffer runs somebody else's code
  {
    const std::lock_guard lock(mutex_);
    std::deque<letter> kept;
    for (letter &one : letters_) {
      const bool goes = one.what == letter::kind::message && one.link == link;
      bytes_ -= goes ? queue_cost(one.bytes) : 0;
      (goes ? dropped : kept).push_back(std::move(one));
    }
    letters_.swap(kept);
    waiting = freed();
  }
  tell(std::move(waiting));
}

void endpoint::refuse_messages() {
  const std::lock_guard lock(mutex_);
  messages_refused_ = true;
}

std::deque<letter> endpoint::close() {
  std::vector<far_end> nobody_waits; // their links are cut; ends after the lock does
  const std::lock_guard lock(mutex_);
  closed_ = true;
  bytes_ = 0;
  nobody_waits.swap(waiting_);
  return std::exchange(letters_, {});
}

std::vector<far_end> endpoint::freed() {
  // Not at the first free byte: a sender would be woken for each message.
  return bytes_ <= bytes_max_ / 2 ? std::exchange(waiting_, {}) : std::vector<far_end>{};
}

void endpoint::tell(std::vector<far_end> waiting) {
  for (far_end &one : waiting) {
    letter room;
    room.what = letter::kind::room;
    room.link = one.link;
    (void)one.at->post(std::move(room)); // false: the sender is gone, and so is its wish
  }
}

} // namespace outsize::inmemory
