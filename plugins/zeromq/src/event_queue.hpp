// Events that wait for their turn: a poll delivers no more than its budget, in the order they came about.
//
// Thread rule: the host's thread.
#pragma once

#include <outsize/buffer.hpp>
#include <outsize/error.hpp>
#include <outsize/transport.hpp>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace outsize::zeromq {

struct event {
  std::uint32_t kind = 0; ///< OUTSIZE_EVENT_*
  outsize_link link = 0;
  std::uint64_t token = 0;
  std::vector<buffer> parts;
  std::optional<error> why;
  std::string peer;
  std::uint64_t actual_bytes = 0;
  std::uint64_t limit_bytes = 0;
};

class event_queue {
public:
  void link_up(outsize_link link, std::uint64_t token, std::string peer) {
    add(OUTSIZE_EVENT_LINK_UP, link, token).peer = std::move(peer);
  }
  void link_down(outsize_link link, std::uint64_t token, error why) {
    add(OUTSIZE_EVENT_LINK_DOWN, link, token).why = std::move(why);
  }
  void message(outsize_link link, std::vector<buffer> parts) {
    add(OUTSIZE_EVENT_MESSAGE, link, 0).parts = std::move(parts);
  }
  void completion(outsize_link link, std::uint64_t token, std::optional<error> why) {
    add(OUTSIZE_EVENT_COMPLETION, link, token).why = std::move(why);
  }
  void writable(outsize_link link) { add(OUTSIZE_EVENT_WRITABLE, link, 0); }
  void oversize(outsize_link link, std::string peer, std::uint64_t actual_bytes, std::uint64_t limit_bytes) {
    event &made = add(OUTSIZE_EVENT_OVERSIZE, link, 0);
    made.peer = std::move(peer);
    made.actual_bytes = actual_bytes;
    made.limit_bytes = limit_bytes;
  }

  [[nodiscard]] bool empty() const { return queue_.empty(); }
  [[nodiscard]] std::size_t size() const { return queue_.size(); }
  /// Only when not empty.
  event pop() {
    event next = std::move(queue_.front());
    queue_.pop_front();
    return next;
  }

  static void deliver(event &&what, const transport_events &to) {
    switch (what.kind) {
    case OUTSIZE_EVENT_LINK_UP:
      return to.link_up(what.link, what.token, what.peer);
    case OUTSIZE_EVENT_LINK_DOWN:
      return to.link_down(what.link, what.token, *what.why);
    case OUTSIZE_EVENT_MESSAGE:
      return to.message(what.link, std::move(what.parts));
    case OUTSIZE_EVENT_COMPLETION:
      return to.completion(what.link, what.token, what.why ? &*what.why : nullptr);
    case OUTSIZE_EVENT_WRITABLE:
      return to.writable(what.link);
    default:
      return to.oversize(what.link, what.peer, what.actual_bytes, what.limit_bytes);
    }
  }

private:
  event &add(std::uint32_t kind, outsize_link link, std::uint64_t token) {
    event &made = queue_.emplace_back();
    made.kind = kind;
    made.link = link;
    made.token = token;
    return made;
  }
  std::deque<event> queue_;
};

} // namespace outsize::zeromq
