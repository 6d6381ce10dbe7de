// Keys and rows as the store writes them: numbers big endian, so that keys sort as segments and offsets do.
//
//   entry key    log (8), index (4), offset (8)
//   segment key  log (8), index (4)
//   fragment key log (8), index (4), set (8), fragment index (4); its value is the offset (8) of the fragment's entry
//   row          version (1), fence (8), sealed (1), local tail (8), global tail (8), trim point (8), count (4),
//                count times hole from (8), to (8)
//
// Whoever reclaims entries below a floor takes their fragment keys along in the same batch: each such entry's header
// names its own key. A set lies between its first fragment and its commit, and the floor never falls between them, so
// a set goes as one range, [(segment, set, 0), (segment, set + 1, 0)), and a whole segment as the range of its prefix.
//
// Thread rule: free functions without state.
#pragma once

#include "host/storage/storage.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace outsize::host {

inline constexpr std::size_t segment_key_bytes = 8 + 4;
inline constexpr std::size_t entry_key_bytes = segment_key_bytes + 8;
inline constexpr std::size_t fragment_key_bytes = segment_key_bytes + 8 + 4;
inline constexpr std::size_t row_bytes_min = 1 + 8 + 1 + 3 * 8 + 4;
inline constexpr std::size_t hole_bytes = 2 * 8;

using segment_key = std::array<char, segment_key_bytes>;
using entry_key = std::array<char, entry_key_bytes>;
using fragment_key = std::array<char, fragment_key_bytes>;

segment_key encode_segment_key(const segment_id &segment);
entry_key encode_entry_key(const segment_id &segment, offset_t offset);
/// `key` must have segment_key_bytes.
segment_id decode_segment_key(std::string_view key);
/// `key` must have entry_key_bytes.
offset_t offset_in_entry_key(std::string_view key);

fragment_key encode_fragment_key(const segment_id &segment, std::uint64_t set, std::uint32_t index);
/// `key` must have fragment_key_bytes.
std::uint32_t index_in_fragment_key(std::string_view key);
std::string encode_fragment_offset(offset_t offset);
/// `storage_failed` when it is not what encode_fragment_offset wrote.
result<offset_t> decode_fragment_offset(std::string_view bytes);

std::string encode_row(const segment_row &row);
/// `malformed` when it is not what encode_row wrote.
result<segment_row> decode_row(std::string_view bytes);

} // namespace outsize::host
