// The frame: how one message stands in the byte stream. README.md, "Frame", says the same in prose; the two must agree.
//
//   offset 0      4 bytes  magic: the characters O S F 1
//   offset 4      4 bytes  part count n, 1 to 1024
//   offset 8      8n bytes the parts' lengths in bytes, in order
//   offset 8+8n            the parts' bytes, in order, nothing between them
//
// Numbers are unsigned and little endian. A frame without part 1 to n-1 is a message of its header part alone.
//
// Thread rule: plain functions.
#pragma once

#include <outsize/buffer.hpp>
#include <outsize/result.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace outsize::tcp {

inline constexpr std::uint32_t frame_magic = 0x3146534f; // "OSF1"
inline constexpr std::uint64_t frame_start_bytes = 8;    // magic and part count
inline constexpr std::uint32_t frame_parts_max = OUTSIZE_MESSAGE_PARTS_MAX;

constexpr std::uint64_t frame_header_bytes(std::uint64_t part_count) {
  return frame_start_bytes + 8 * part_count;
}
inline constexpr std::uint64_t frame_header_bytes_max = frame_header_bytes(frame_parts_max);

/// Writes the header of a frame with these parts to `to`, which has room for frame_header_bytes(parts.size()).
void write_frame_header(std::span<const buffer> parts, std::uint8_t *to);

/// The part count in the first frame_start_bytes of a frame. Errors: malformed.
result<std::uint32_t> read_frame_start(std::span<const std::uint8_t, frame_start_bytes> bytes);

/// Reads `lengths.size()` lengths and returns their sum, UINT64_MAX when it is more than 64 bits hold.
std::uint64_t read_frame_lengths(const std::uint8_t *from, std::span<std::uint64_t> lengths);

} // namespace outsize::tcp
