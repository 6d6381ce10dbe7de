// What both sides of the kill test know of each other's entries.
#pragma once

#include "host/storage/storage.hpp"

#include <string>

namespace outsize::test {

inline const host::segment_id kill_segment{11, 4};

/// Sizes on both sides of every threshold of the store, now and then one of a few MiB.
inline std::size_t kill_entry_bytes(host::offset_t offset) {
  const std::uint64_t mixed = offset * 0x9e3779b97f4a7c15ULL >> 40;
  if (mixed % 97 == 0) {
    return 3'000'000 + mixed % 1000;
  }
  return mixed % 7 == 0 ? 30'000 + mixed % 10'000 : mixed % 3000;
}

inline std::string kill_entry(host::offset_t offset) {
  std::string bytes(kill_entry_bytes(offset) + 8, static_cast<char>('a' + offset % 26));
  for (std::size_t at = 0; at < 8; ++at) {
    bytes[at] = static_cast<char>(offset >> 8 * at);
  }
  return bytes;
}

} // namespace outsize::test
