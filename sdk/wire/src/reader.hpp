// Reads MessagePack by pulling: the caller says which type must come next, so nothing is built that nobody asked for.
//
// The first failure sticks: later reads do nothing and return zeros, so callers check once at the end. What a declared
// count may make the caller allocate is charged against a budget made from the bytes that are really there.
#pragma once

#include <outsize/buffer.hpp>
#include <outsize/wire/limits.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace outsize::wire {

class reader {
public:
  explicit reader(std::span<const std::uint8_t> bytes)
      : bytes_(bytes), budget_(decoded_bytes_per_header_byte_max * bytes.size() + decoded_bytes_base) {}
  /// As above; buffers that are read share the bytes of `whole`.
  explicit reader(const buffer &whole) : reader(whole.span()) { whole_ = &whole; }

  [[nodiscard]] bool ok() const { return why_.empty(); }
  /// What was wrong and at which byte; empty while all is well.
  [[nodiscard]] const std::string &why() const { return why_; }
  void fail(std::string_view what);

  [[nodiscard]] std::uint64_t at() const { return at_; }
  [[nodiscard]] std::uint64_t left() const { return bytes_.size() - at_; }

  /// An unsigned integer of any width with a value of at most `max`.
  std::uint64_t read_uint(std::uint64_t max);
  /// The bytes of a str or bin of any head.
  std::span<const std::uint8_t> read_str();
  std::span<const std::uint8_t> read_bin();
  /// A bin as a buffer that shares the bytes of the whole; only for a reader made from a buffer.
  buffer read_shared_bin();
  /// The count of an array or map; never more than there are bytes left for it.
  std::uint32_t read_array();
  std::uint32_t read_map();
  /// Takes a nil if one comes next.
  bool take_nil();
  /// Passes over one value of any type, nested at most skipped_depth_max deep.
  void skip();

  /// Accounts for memory that the caller is about to allocate; fails when the bytes there do not justify it.
  void charge(std::uint64_t bytes);

  static constexpr unsigned skipped_depth_max = 8;

private:
  [[nodiscard]] std::uint8_t take_mark();
  std::uint64_t take_big_endian(unsigned width);
  std::span<const std::uint8_t> take(std::uint64_t count);
  void skip_value(unsigned depth);
  void skip_items(std::uint64_t count, unsigned depth);

  std::span<const std::uint8_t> bytes_;
  const buffer *whole_ = nullptr;
  std::uint64_t at_ = 0;
  std::uint64_t budget_;
  std::string why_;
};

} // namespace outsize::wire
