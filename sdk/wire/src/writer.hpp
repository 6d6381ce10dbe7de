// Writes MessagePack in the protocol's own profile: every integer, head and count has the width of its type, so a size
// never depends on a value. Writes into memory whose size was computed before; never checks room, never allocates.
#pragma once

#include <outsize/wire/limits.hpp>

#include <cstdint>
#include <cstring>
#include <span>

namespace outsize::wire {

class writer {
public:
  explicit writer(std::uint8_t *to) : at_(to) {}

  void u8(std::uint8_t value) { marked<1>(0xcc, value); }
  void u16(std::uint16_t value) { marked<2>(0xcd, value); }
  void u32(std::uint32_t value) { marked<4>(0xce, value); }
  void u64(std::uint64_t value) { marked<8>(0xcf, value); }
  /// At most 15.
  void map(std::size_t fields) { *at_++ = static_cast<std::uint8_t>(0x80 + fields); }
  void fixarray(std::size_t count) { *at_++ = static_cast<std::uint8_t>(0x90 + count); }
  /// At most 127.
  void field(unsigned number) { *at_++ = static_cast<std::uint8_t>(number); }
  void array(std::size_t count) { marked<4>(0xdd, count); }
  void bin(std::span<const std::uint8_t> bytes) { headed(0xc6, bytes); }
  void str(std::span<const std::uint8_t> bytes) { headed(0xdb, bytes); }

  [[nodiscard]] std::uint8_t *at() const { return at_; }

private:
  template <unsigned Width> void marked(std::uint8_t mark, std::uint64_t value) {
    *at_++ = mark;
    for (unsigned i = 0; i < Width; ++i) {
      at_[i] = static_cast<std::uint8_t>(value >> (8 * (Width - 1 - i)));
    }
    at_ += Width;
  }
  void headed(std::uint8_t mark, std::span<const std::uint8_t> bytes) {
    marked<4>(mark, bytes.size());
    if (!bytes.empty()) {
      std::memcpy(at_, bytes.data(), bytes.size());
      at_ += bytes.size();
    }
  }
  std::uint8_t *at_;
};

} // namespace outsize::wire
