// How long a store to one log server may take before it counts as failed: twice the slowest of its recent answers,
// doubled by each failure in a row, plus the time that the bytes before it need on a slow line.
//
// Thread rule: one thread.
#pragma once

#include <outsize/time.hpp>
#include <outsize/wire/limits.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace outsize::host {

class store_timeout {
public:
  store_timeout(duration min, duration max) : min_(min), max_(max) {}

  /// A store was answered `taken` after it was sent.
  void on_answer(duration taken);

  /// For the next store: `failures` in a row so far, `bytes` on their way to the server including this one.
  [[nodiscard]] duration next(std::uint32_t failures, std::uint64_t bytes) const;

  /// The 99th percentile of the recent answers; zero before the first.
  [[nodiscard]] duration percentile_99() const { return percentile_99_; }

private:
  /// Enough that one answer in a hundred shows, few enough that a server that became fast is believed within seconds.
  static constexpr std::size_t window = 128;
  /// A store waits behind the bytes before it. A line slower than this is not one that a log server should have.
  static constexpr std::uint64_t slowest_bytes_per_second = 16 * wire::mib;
  /// Before the first answer: a first store may meet cold files and a cold line.
  static constexpr duration first = std::chrono::seconds(2);

  duration min_;
  duration max_;
  std::array<duration, window> recent_{};
  std::size_t count_ = 0; ///< answers ever
  duration percentile_99_{};
};

} // namespace outsize::host
