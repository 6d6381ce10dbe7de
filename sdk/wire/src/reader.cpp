#include "reader.hpp"

namespace outsize::wire {
namespace {

// Marks of the MessagePack format.
constexpr std::uint8_t fixint_last = 0x7f;
constexpr std::uint8_t fixmap_first = 0x80, fixmap_last = 0x8f;
constexpr std::uint8_t fixarray_first = 0x90, fixarray_last = 0x9f;
constexpr std::uint8_t fixstr_first = 0xa0, fixstr_last = 0xbf;
constexpr std::uint8_t nil = 0xc0, boolean_false = 0xc2, boolean_true = 0xc3;
constexpr std::uint8_t bin8 = 0xc4, bin32 = 0xc6;
constexpr std::uint8_t ext8 = 0xc7, ext32 = 0xc9;
constexpr std::uint8_t float32 = 0xca, float64 = 0xcb;
constexpr std::uint8_t uint8 = 0xcc, uint64 = 0xcf;
constexpr std::uint8_t int8 = 0xd0, int64 = 0xd3;
constexpr std::uint8_t fixext1 = 0xd4, fixext16 = 0xd8;
constexpr std::uint8_t str8 = 0xd9, str32 = 0xdb;
constexpr std::uint8_t array16 = 0xdc, array32 = 0xdd;
constexpr std::uint8_t map16 = 0xde, map32 = 0xdf;
constexpr std::uint8_t negative_fixint_first = 0xe0;

constexpr bool between(std::uint8_t mark, std::uint8_t first, std::uint8_t last) {
  return mark >= first && mark <= last;
}
/// Bytes of the number behind a mark of a family that begins with `first` at one byte and doubles.
constexpr unsigned width_of(std::uint8_t mark, std::uint8_t first) {
  return 1U << (mark - first);
}

} // namespace

void reader::fail(std::string_view what) {
  if (ok()) {
    why_ = std::string(what) + " at byte " + std::to_string(at_);
  }
}

std::uint8_t reader::take_mark() {
  const std::span<const std::uint8_t> one = take(1);
  return one.empty() ? nil : one.front();
}

std::span<const std::uint8_t> reader::take(std::uint64_t count) {
  if (!ok()) {
    return {};
  }
  if (count > left()) {
    fail("bytes end inside a value");
    return {};
  }
  const std::span<const std::uint8_t> taken = bytes_.subspan(at_, count);
  at_ += count;
  return taken;
}

std::uint64_t reader::take_big_endian(unsigned width) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : take(width)) {
    value = (value << 8) | byte;
  }
  return value;
}

std::uint64_t reader::read_uint(std::uint64_t max) {
  const std::uint8_t mark = take_mark();
  std::uint64_t value = mark;
  if (between(mark, uint8, uint64)) {
    value = take_big_endian(width_of(mark, uint8));
  } else if (mark > fixint_last) {
    fail("wanted an unsigned integer");
  }
  if (value > max) {
    fail("integer is too large for its field");
  }
  return ok() ? value : 0;
}

std::span<const std::uint8_t> reader::read_str() {
  const std::uint8_t mark = take_mark();
  if (between(mark, fixstr_first, fixstr_last)) {
    return take(mark - fixstr_first);
  }
  if (!between(mark, str8, str32)) {
    fail("wanted text");
    return {};
  }
  return take(take_big_endian(width_of(mark, str8)));
}

std::span<const std::uint8_t> reader::read_bin() {
  const std::uint8_t mark = take_mark();
  if (!between(mark, bin8, bin32)) {
    fail("wanted bytes");
    return {};
  }
  return take(take_big_endian(width_of(mark, bin8)));
}

buffer reader::read_shared_bin() {
  const std::span<const std::uint8_t> bytes = read_bin();
  return ok() ? whole_->slice(at_ - bytes.size(), bytes.size()) : buffer();
}

std::uint32_t reader::read_array() {
  const std::uint8_t mark = take_mark();
  std::uint64_t count = mark - fixarray_first;
  if (mark == array16 || mark == array32) {
    count = take_big_endian(mark == array16 ? 2 : 4);
  } else if (!between(mark, fixarray_first, fixarray_last)) {
    fail("wanted an array");
  }
  if (ok() && count > left()) {
    fail("array declares more values than there are bytes");
  }
  return ok() ? static_cast<std::uint32_t>(count) : 0;
}

std::uint32_t reader::read_map() {
  const std::uint8_t mark = take_mark();
  std::uint64_t count = mark - fixmap_first;
  if (mark == map16 || mark == map32) {
    count = take_big_endian(mark == map16 ? 2 : 4);
  } else if (!between(mark, fixmap_first, fixmap_last)) {
    fail("wanted a map");
  }
  if (ok() && 2 * count > left()) {
    fail("map declares more fields than there are bytes");
  }
  return ok() ? static_cast<std::uint32_t>(count) : 0;
}

bool reader::take_nil() {
  if (!ok() || left() == 0 || bytes_[at_] != nil) {
    return false;
  }
  ++at_;
  return true;
}

void reader::skip() {
  skip_value(0);
}

void reader::skip_items(std::uint64_t count, unsigned depth) {
  if (depth > skipped_depth_max) {
    fail("values are nested too deep");
  }
  for (std::uint64_t i = 0; ok() && i < count; ++i) {
    skip_value(depth);
  }
}

void reader::skip_value(unsigned depth) {
  const std::uint8_t mark = take_mark();
  if (!ok() || mark <= fixint_last || mark >= negative_fixint_first || mark == nil ||
      between(mark, boolean_false, boolean_true)) {
    return;
  }
  if (between(mark, uint8, uint64) || between(mark, int8, int64)) {
    (void)take(width_of(mark, mark >= int8 ? int8 : uint8));
  } else if (between(mark, float32, float64)) {
    (void)take(mark == float32 ? 4 : 8);
  } else if (between(mark, fixstr_first, fixstr_last)) {
    (void)take(mark - fixstr_first);
  } else if (between(mark, str8, str32) || between(mark, bin8, bin32)) {
    (void)take(take_big_endian(width_of(mark, mark >= str8 ? str8 : bin8)));
  } else if (between(mark, ext8, ext32)) {
    (void)take(take_big_endian(width_of(mark, ext8)) + 1);
  } else if (between(mark, fixext1, fixext16)) {
    (void)take(width_of(mark, fixext1) + 1);
  } else if (between(mark, fixarray_first, fixarray_last)) {
    skip_items(mark - fixarray_first, depth + 1);
  } else if (between(mark, fixmap_first, fixmap_last)) {
    skip_items(2U * (mark - fixmap_first), depth + 1);
  } else if (mark == array16 || mark == array32) {
    skip_items(take_big_endian(mark == array16 ? 2 : 4), depth + 1);
  } else if (mark == map16 || mark == map32) {
    skip_items(2 * take_big_endian(mark == map16 ? 2 : 4), depth + 1);
  } else {
    fail("a mark that MessagePack does not use");
  }
}

void reader::charge(std::uint64_t bytes) {
  if (bytes > budget_) {
    fail("more values than the message's size justifies");
    return;
  }
  budget_ -= bytes;
}

} // namespace outsize::wire
