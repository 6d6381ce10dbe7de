// The host's monotonic clock as a type of its own, so that no wall clock and no simulated clock gets mixed in.
#pragma once

#include <outsize/abi/base.h>
#include <outsize/error.hpp> // first: GCC's -Wshadow takes retry_class::never for a shadow of outsize::never

#include <chrono>
#include <cstdint>

namespace outsize {

/// Counts from an arbitrary start, never back. Who reads it decides what drives it: the daemon, or a simulator.
struct monotonic_clock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<monotonic_clock>;
  static constexpr bool is_steady = true;
};

using time_point = monotonic_clock::time_point;
using duration = monotonic_clock::duration;

/// "Not by time": later than any event.
inline constexpr time_point never = time_point::max();

inline constexpr std::uint64_t to_abi(time_point when) {
  return when == never ? OUTSIZE_NEVER : static_cast<std::uint64_t>(when.time_since_epoch().count());
}
inline constexpr time_point time_from_abi(std::uint64_t ns) {
  return ns >= static_cast<std::uint64_t>(duration::max().count()) ? never : time_point{duration{ns}};
}

/// The machine's steady clock, for drivers and tools.
inline time_point steady_now() {
  return time_point{std::chrono::duration_cast<duration>(std::chrono::steady_clock::now().time_since_epoch())};
}

} // namespace outsize
