// The writing end of the codec: msgpack-cxx's packer over memory whose size was computed before.
#pragma once

#include <msgpack/pack.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace outsize::wire {

/// The stream that a packer writes to. It never grows: a size that was computed wrong would break the promise that
/// sizes are known before bytes are, so it ends the process, in release builds too. No peer can cause that.
class bounded_stream {
public:
  bounded_stream(std::uint8_t *to, std::uint64_t room) : at_(to), room_(room) {}

  void write(const char *bytes, std::size_t count) {
    if (count > room_) {
      fail("more bytes than computed");
    }
    std::memcpy(at_, bytes, count);
    at_ += count;
    room_ -= count;
  }
  /// To be called behind the last write.
  void check_full() const {
    if (room_ != 0) {
      fail("fewer bytes than computed");
    }
  }

private:
  [[noreturn]] static void fail(const char *what) {
    std::fprintf(stderr, "outsize: invariant broken: an encoded message has %s\n", what);
    std::abort();
  }
  std::uint8_t *at_;
  std::uint64_t room_;
};

using packer = msgpack::packer<bounded_stream>;

/// Integers have the width of their type, whatever their value.
template <class T> void pack_integer(packer &to, T value) {
  static_assert(std::is_unsigned_v<T>);
  if constexpr (sizeof(T) == 1) {
    to.pack_fix_uint8(value);
  } else if constexpr (sizeof(T) == 2) {
    to.pack_fix_uint16(value);
  } else if constexpr (sizeof(T) == 4) {
    to.pack_fix_uint32(value);
  } else {
    to.pack_fix_uint64(value);
  }
}

/// A field number takes one byte.
inline void pack_field_number(packer &to, unsigned number) {
  to.pack_uint8(static_cast<std::uint8_t>(number));
}

inline void pack_text(packer &to, std::string_view text) {
  to.pack_str(static_cast<std::uint32_t>(text.size()));
  to.pack_str_body(text.data(), static_cast<std::uint32_t>(text.size()));
}
inline void pack_bytes(packer &to, std::span<const std::uint8_t> bytes) {
  to.pack_bin(static_cast<std::uint32_t>(bytes.size()));
  if (!bytes.empty()) {
    to.pack_bin_body(reinterpret_cast<const char *>(bytes.data()), static_cast<std::uint32_t>(bytes.size()));
  }
}
inline void pack_count(packer &to, std::size_t items) {
  to.pack_array(static_cast<std::uint32_t>(items));
}

inline std::span<const std::uint8_t> bytes_of(const std::string &text) {
  return {reinterpret_cast<const std::uint8_t *>(text.data()), text.size()};
}

} // namespace outsize::wire
