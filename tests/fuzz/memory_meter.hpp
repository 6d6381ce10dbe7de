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
  [[nodiscard]] std::uint64_t highest_bytes() const;
};

} // namespace outsize::fuzz
