// How much more time and memory a test has where a sanitizer watches it, and how long any test waits.
//
// Thread rule: constants.
#pragma once

#include <chrono>

namespace outsize::suite {

#if defined(__SANITIZE_THREAD__)
inline constexpr int time_factor = 10;
inline constexpr int memory_factor = 6; ///< four bytes of shadow for each byte, and what it remembers of each thread
#elif defined(__SANITIZE_ADDRESS__)
inline constexpr int time_factor = 5;
inline constexpr int memory_factor = 2; ///< red zones, shadow, and what was freed and is kept for a while
#else
inline constexpr int time_factor = 1;
inline constexpr int memory_factor = 1;
#endif

/// Only something broken ever makes a test wait this long.
inline constexpr std::chrono::seconds patience{60 * time_factor};

} // namespace outsize::suite
