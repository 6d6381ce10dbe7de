// How long to wait before the next try: doubled by each failure in a row, with jitter, so that many waiters do not come
// back together.
//
// Thread rule: pure function.
#pragma once

#include <outsize/time.hpp>

#include <algorithm>
#include <cstdint>

namespace outsize::host {

/// `failures` in a row, at least 1; up to half of the pause is added by `random`. Never above `max`.
inline duration pause_after(std::uint32_t failures, duration min, duration max, std::uint64_t random) {
  constexpr std::uint32_t doublings_max = 16;
  const duration doubled = std::min(max, min * (std::int64_t{1} << std::min(failures - 1, doublings_max)));
  const auto spread = static_cast<std::uint64_t>(doubled.count() / 2 + 1);
  return std::min(max, doubled + duration{random % spread});
}

} // namespace outsize::host
