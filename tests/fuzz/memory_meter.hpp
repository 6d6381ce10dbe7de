// How much memory a stretch of a test takes by operator new: what is held at its highest, above what was held before.
//
// Thread rule: counts the calling thread's allocations; one meter at a time.
#pragma once

#include <cstdint>

namespace outsize::fuzz {

class memory_meter {
public:
  memory_meter();
  ~memory_meter();
  memory_meter(const memory_meter &) = delete;
  memory_meter &operator=(const memory_meter &) = delete;
  /// 0 where nothing is measured.
  [[nodiscard]] std::uint64_t highest_bytes() const;

  /// False in a build with a sanitizer, which counts by itself.
  static bool measures();
};

} // namespace outsize::fuzz
