#include "frame.hpp"

#include <bit>
#include <cstring>
#include <limits>
#include <string>

namespace outsize::tcp {

static_assert(std::endian::native == std::endian::little, "the frame's numbers are copied as they are");

namespace {

/// A peer's four bytes, in a form that may stand in a log line.
std::string hex(std::uint32_t value) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < 4; ++i) {
    const unsigned byte = (value >> (8 * i)) & 0xffU;
    text += {digits[byte >> 4U], digits[byte & 0xfU]};
  }
  return text;
}

} // namespace

void write_frame_header(std::span<const buffer> parts, std::uint8_t *to) {
  const auto count = static_cast<std::uint32_t>(parts.size());
  std::memcpy(to, &frame_magic, 4);
  std::memcpy(to + 4, &count, 4);
  to += frame_start_bytes;
  for (const buffer &part : parts) {
    const std::uint64_t size = part.size();
    std::memcpy(to, &size, 8);
    to += 8;
  }
}

result<std::uint32_t> read_frame_start(std::span<const std::uint8_t, frame_start_bytes> bytes) {
  std::uint32_t magic = 0;
  std::uint32_t count = 0;
  std::memcpy(&magic, bytes.data(), 4);
  std::memcpy(&count, bytes.data() + 4, 4);
  if (magic != frame_magic) {
    return make_error(code::malformed, "a frame begins with " + hex(magic) + ", not with 'OSF1'");
  }
  if (count == 0 || count > frame_parts_max) {
    return make_error(code::malformed, "a frame declares " + std::to_string(count) + " parts; 1 to " +
                                           std::to_string(frame_parts_max) + " are allowed");
  }
  return count;
}

std::uint64_t read_frame_lengths(const std::uint8_t *from, std::span<std::uint64_t> lengths) {
  std::uint64_t sum = 0;
  std::memcpy(lengths.data(), from, lengths.size_bytes());
  for (const std::uint64_t length : lengths) {
    if (__builtin_add_overflow(sum, length, &sum)) {
      return std::numeric_limits<std::uint64_t>::max();
    }
  }
  return sum;
}

} // namespace outsize::tcp
