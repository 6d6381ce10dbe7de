// A monotonic clock that stands still until a test moves it.
//
// Thread rule: one thread.
#pragma once

#include <outsize/time.hpp>

namespace outsize::test {

class fake_clock {
public:
  [[nodiscard]] time_point now() const { return now_; }
  void advance(duration by) { now_ += by; }
  /// Never back.
  void advance_to(time_point when) { now_ = when > now_ ? when : now_; }

private:
  time_point now_{std::chrono::seconds(1000)}; ///< not zero: "unset" must look different
};

} // namespace outsize::test
