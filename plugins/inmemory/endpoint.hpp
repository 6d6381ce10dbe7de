// Where letters for one in-memory instance arrive. Instances share nothing else: each changes its own links only, and
// tells the other side by letter. An endpoint outlives its instance for as long as somebody holds a reference.
//
// Thread rule: any thread for everything but take and put_back, which belong to the instance's own.
#pragma once

#include <outsize/buffer.hpp>
#include <outsize/error.hpp>
#include <outsize/result.hpp>

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace outsize::inmemory {

class endpoint;

/// Counted pointer. The count is inside of the endpoint, because the hub counts the same references through a void *.
class endpoint_ref {
public:
  endpoint_ref() = default;
  /// Takes over one reference.
  static endpoint_ref adopt(endpoint *from) {
    endpoint_ref made;
    made.to_ = from;
    return made;
  }
  endpoint_ref(const endpoint_ref &other);
  endpoint_ref(endpoint_ref &&other) noexcept : to_(std::exchange(other.to_, nullptr)) {}
  endpoint_ref &operator=(endpoint_ref other) noexcept {
    std::swap(to_, other.to_);
    return *this;
  }
  ~endpoint_ref();
  endpoint *operator->() const { return to_; }
  [[nodiscard]] endpoint *get() const { return to_; }
  explicit operator bool() const { return to_ != nullptr; }

private:
  endpoint *to_ = nullptr;
};

/// The far end of a link: where to write to, and what the link is called there.
struct far_end {
  endpoint_ref at;
  std::uint64_t link = 0;
};

/// One thing to do for the instance that takes it; at most one event comes of it.
struct letter {
  enum class kind {
    dial,       ///< from a caller: wants a link to `back`
    accepted,   ///< the answer to dial: the link is up, its far end is `back`
    refused,    ///< the other answer: `why`
    message,    ///< parts for the host
    taken,      ///< the far host was handed `count` messages
    cut,        ///< the far side ended the link
    room,       ///< a send that was refused for want of room may be tried again
    completion, ///< to oneself: tell the host that `token` ended with `why`
    down,       ///< to oneself: tell the host that the link is down
  };
  letter::kind what = letter::kind::cut;
  std::uint64_t link = 0; ///< as the reader calls it
  far_end back;
  std::string peer; ///< the writer's address, for dial and accepted
  std::vector<buffer> parts;
  std::uint64_t bytes = 0; ///< of the parts
  std::uint64_t count = 0;
  std::uint64_t token = 0;
  error why;
};

/// What a message of `bytes` counts in a queue: without the second term, empty messages would be without end.
constexpr std::uint64_t queue_cost(std::uint64_t bytes) {
  return bytes + sizeof(letter);
}

class endpoint {
public:
  /// `bytes_max`: bytes of messages that may wait here; one message always may.
  /// Errors: overloaded, when the system has no descriptor left.
  static result<endpoint_ref> make(std::uint64_t bytes_max);

  enum class posted { yes, full, closed };

  /// False: the instance is gone, and the letter with it.
  bool post(letter what);
  /// Moves from `what` only when the answer is yes. After `full` a letter `room` goes to `back` once there is some.
  posted post_message(letter &what, const far_end &back);

  /// The oldest letter; nothing when there is none.
  std::optional<letter> take();
  /// Makes `what` the oldest letter again.
  void put_back(letter what);
  [[nodiscard]] bool empty() const;

  /// Lets go of the messages for `link` that were not taken yet.
  void drop_messages(std::uint64_t link);
  /// From now on post_message answers closed.
  void refuse_messages();
  /// From now on nothing is taken. Returns the letters that nobody will read.
  std::deque<letter> close();

  /// Nothing is read for now: silences the descriptor. False, and not silent, when there are letters.
  bool rest();
  /// Readable from the first letter on, until rest.
  [[nodiscard]] int event_fd() const { return event_fd_; }

  void retain() { references_.fetch_add(1, std::memory_order_relaxed); }
  void release();

private:
  explicit endpoint(std::uint64_t bytes_max, int event_fd) : bytes_max_(bytes_max), event_fd_(event_fd) {}
  ~endpoint();
  void ring();
  /// Who may try again now; call with the lock held, tell them without it.
  std::vector<far_end> freed();
  static void tell(std::vector<far_end> waiting);

  const std::uint64_t bytes_max_;
  const int event_fd_;
  std::atomic<std::uint64_t> references_{1};
  mutable std::mutex mutex_; // guards the rest; never held while another endpoint's is taken or a buffer is released
  std::deque<letter> letters_;
  std::uint64_t bytes_ = 0; // queue_cost of the messages among them
  std::vector<far_end> waiting_;
  bool rung_ = false;
  bool messages_refused_ = false;
  bool closed_ = false;
};

inline endpoint_ref::endpoint_ref(const endpoint_ref &other) : to_(other.to_) {
  if (to_ != nullptr) {
    to_->retain();
  }
}
inline endpoint_ref::~endpoint_ref() {
  if (to_ != nullptr) {
    to_->release();
  }
}

} // namespace outsize::inmemory
