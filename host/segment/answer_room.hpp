// Memory for one answer to a reader: asked for before bytes are fetched, asked for again a little later when there is
// none, and given back with the answer.
//
// Thread rule: one thread.
#pragma once

#include <outsize/time.hpp>

#include <cstdint>
#include <functional>
#include <utility>

namespace outsize::host {

class answer_room {
public:
  using taker = std::function<bool(std::uint64_t bytes)>;
  using giver = std::function<void(std::uint64_t bytes)>;

  /// Without a `take` there always is room. Asks again after `pause`.
  answer_room(taker take, giver give, duration pause) : take_(std::move(take)), give_(std::move(give)), pause_(pause) {}
  ~answer_room() { give(); }
  answer_room(const answer_room &) = delete;
  answer_room &operator=(const answer_room &) = delete;

  /// True when there is room, also when it was taken before; false: come again at ask_at.
  [[nodiscard]] bool take(std::uint64_t bytes, time_point now) {
    if (!take_ || held_ > 0) {
      return true;
    }
    const std::uint64_t wanted = bytes == 0 ? 1 : bytes;
    if (!take_(wanted)) {
      ask_at_ = now + pause_;
      return false;
    }
    held_ = wanted;
    return true;
  }
  void give() {
    if (held_ > 0) {
      give_(std::exchange(held_, 0));
    }
  }

  /// Nobody waits for room any more, unless he says so again.
  void forget() { ask_at_ = never; }
  [[nodiscard]] time_point ask_at() const { return ask_at_; }

private:
  taker take_;
  giver give_;
  duration pause_;
  std::uint64_t held_ = 0;
  time_point ask_at_ = never;
};

} // namespace outsize::host
