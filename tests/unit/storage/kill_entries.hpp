// What both sides of the kill test know of each other's entries.
#pragma once

#include "host/storage/storage.hpp"
#include "support/make_entry.hpp"

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

/// Every third entry is a fragment; the sets follow each other, each as many offsets long.
inline constexpr host::offset_t kill_set_offsets = 300;
inline bool is_kill_fragment(host::offset_t offset) {
  return offset % 3 == 0;
}
inline std::uint64_t kill_set_of(host::offset_t offset) {
  return 1 + offset / kill_set_offsets;
}
inline std::uint32_t kill_index_of(host::offset_t offset) {
  return static_cast<std::uint32_t>(offset % kill_set_offsets / 3);
}

inline std::string kill_bytes(host::offset_t offset) {
  std::string bytes(kill_entry_bytes(offset) + 8, static_cast<char>('a' + offset % 26));
  for (std::size_t at = 0; at < 8; ++at) {
    bytes[at] = static_cast<char>(offset >> 8 * at);
  }
  return bytes;
}

inline std::string kill_entry(host::offset_t offset) {
  const std::string bytes = kill_bytes(offset);
  if (!is_kill_fragment(offset)) {
    return bytes;
  }
  const made_entry fragment = make_fragment(kill_segment, offset, kill_set_of(offset), kill_index_of(offset), bytes);
  return std::string(whole_entry(fragment).flatten().text());
}

} // namespace outsize::test
