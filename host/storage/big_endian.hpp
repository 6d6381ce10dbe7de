// Numbers as bytes, the most significant first.
//
// Thread rule: free functions without state.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace outsize::host {

template <std::unsigned_integral Number> void put_number(char *to, Number value) {
  std::uint64_t left = value;
  for (std::size_t at = sizeof(Number); at-- > 0; left >>= 8) {
    to[at] = static_cast<char>(left & 0xffU);
  }
}

/// `from` must have as many bytes as the number.
template <std::unsigned_integral Number> Number get_number(std::string_view from) {
  std::uint64_t value = 0;
  for (std::size_t at = 0; at < sizeof(Number); ++at) {
    value = value << 8 | static_cast<std::uint8_t>(from[at]);
  }
  return static_cast<Number>(value);
}

template <std::unsigned_integral Number> void append_number(std::string &to, Number value) {
  char bytes[sizeof(Number)];
  put_number(bytes, value);
  to.append(bytes, sizeof bytes);
}

/// Takes a number off the front; the caller has checked the length.
template <std::unsigned_integral Number> Number take_number(std::string_view &from) {
  const Number value = get_number<Number>(from);
  from.remove_prefix(sizeof(Number));
  return value;
}

} // namespace outsize::host
