// Things to do at a time: deadlines, delays, periods. The owner asks `next` when to wake up and calls `run`.
//
// Knows no clock: time is what the owner passes in, so the same queue runs in the daemon and in the simulator. An
// indexed heap: schedule and cancel are O(log n) and leave nothing behind, since most deadlines are cancelled.
//
// Thread rule: one thread. A function may schedule and cancel, but not call run or destroy the queue.
#pragma once

#include <outsize/time.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace outsize::wire {

/// Names one scheduled function; not reused before 2^32 others took the same place. 0 = none.
using timer_id = std::uint64_t;

class timer_queue {
public:
  timer_queue() = default;
  timer_queue(const timer_queue &) = delete;
  timer_queue &operator=(const timer_queue &) = delete;

  /// Calls `then` once, in the first run at or after `when`. With `never` it waits for cancel. A time before the last
  /// run counts as that run's, so that nobody gets ahead of what is due already.
  timer_id schedule(time_point when, std::function<void()> then) {
    const std::uint32_t slot = take_slot();
    slots_[slot].when = std::max(when, ran_at_);
    slots_[slot].order = ++scheduled_;
    slots_[slot].then = std::move(then);
    heap_.push_back(slot);
    slots_[slot].place = heap_.size() - 1;
    sift_up(heap_.size() - 1);
    return id_of(slot);
  }

  /// Drops the function without a call. False when it has run already or was cancelled before.
  bool cancel(timer_id id) {
    const auto slot = static_cast<std::uint32_t>(id);
    if (slot >= slots_.size() || slots_[slot].place == nowhere || id_of(slot) != id) {
      return false;
    }
    (void)take_out(slots_[slot].place);
    return true;
  }

  /// Calls what is due at `now`, earliest first, at equal times in the order scheduled. What these calls schedule waits
  /// for the next run, however early it is. Returns how many were called.
  std::size_t run(time_point now) {
    const std::uint64_t scheduled_before = scheduled_;
    ran_at_ = std::max(ran_at_, now);
    std::size_t called = 0;
    while (!heap_.empty() && slots_[heap_.front()].when <= now && slots_[heap_.front()].order <= scheduled_before) {
      const std::function<void()> then = take_out(0);
      then();
      ++called;
    }
    return called;
  }

  /// When the earliest is due; `never` when there is none.
  [[nodiscard]] time_point next() const { return heap_.empty() ? never : slots_[heap_.front()].when; }
  [[nodiscard]] std::size_t size() const { return heap_.size(); }
  [[nodiscard]] bool empty() const { return heap_.empty(); }

private:
  static constexpr std::size_t nowhere = SIZE_MAX;

  struct slot_t {
    time_point when;
    std::uint64_t order = 0;
    std::size_t place = nowhere; ///< in heap_
    std::uint32_t uses = 1;
    std::function<void()> then;
  };

  [[nodiscard]] timer_id id_of(std::uint32_t slot) const {
    return (static_cast<std::uint64_t>(slots_[slot].uses) << 32) | slot;
  }

  std::uint32_t take_slot() {
    if (free_.empty()) {
      slots_.emplace_back();
      return static_cast<std::uint32_t>(slots_.size() - 1);
    }
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    return slot;
  }

  [[nodiscard]] bool earlier(std::size_t left, std::size_t right) const {
    const slot_t &a = slots_[heap_[left]];
    const slot_t &b = slots_[heap_[right]];
    return a.when != b.when ? a.when < b.when : a.order < b.order;
  }

  void exchange(std::size_t left, std::size_t right) {
    std::swap(heap_[left], heap_[right]);
    slots_[heap_[left]].place = left;
    slots_[heap_[right]].place = right;
  }

  void sift_up(std::size_t place) {
    while (place > 0 && earlier(place, (place - 1) / 2)) {
      exchange(place, (place - 1) / 2);
      place = (place - 1) / 2;
    }
  }

  void sift_down(std::size_t place) {
    for (;;) {
      std::size_t first = place;
      for (const std::size_t child : {2 * place + 1, 2 * place + 2}) {
        if (child < heap_.size() && earlier(child, first)) {
          first = child;
        }
      }
      if (first == place) {
        return;
      }
      exchange(place, first);
      place = first;
    }
  }

  std::function<void()> take_out(std::size_t place) {
    const std::uint32_t slot = heap_[place];
    const std::size_t last = heap_.size() - 1;
    exchange(place, last);
    heap_.pop_back();
    if (place < last) {
      sift_up(place);
      sift_down(place);
    }
    slots_[slot].place = nowhere;
    slots_[slot].uses = slots_[slot].uses == UINT32_MAX ? 1 : slots_[slot].uses + 1;
    free_.push_back(slot);
    return std::exchange(slots_[slot].then, nullptr);
  }

  std::vector<slot_t> slots_;
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> heap_; ///< slots, by time
  std::uint64_t scheduled_ = 0;
  time_point ran_at_{duration::min()};
};

} // namespace outsize::wire
