// What stands behind a readable descriptor in the epoll set: the low two bits say what it is, the rest which one.
//
// Thread rule: plain values.
#pragma once

#include <cstdint>

namespace outsize::tcp {

struct epoll_tag {
  enum class kind : std::uint64_t { link, listener, wake, resolver };

  static constexpr std::uint64_t of_link(std::uint64_t number) { return number << 2U | value(kind::link); }
  static constexpr std::uint64_t of_listener(std::uint64_t index) { return index << 2U | value(kind::listener); }
  static constexpr std::uint64_t of_wake() { return value(kind::wake); }
  static constexpr std::uint64_t of_resolver() { return value(kind::resolver); }

  static constexpr kind kind_of(std::uint64_t tag) { return static_cast<kind>(tag & 3U); }
  static constexpr std::uint64_t number_of(std::uint64_t tag) { return tag >> 2U; }

private:
  static constexpr std::uint64_t value(kind what) { return static_cast<std::uint64_t>(what); }
};

} // namespace outsize::tcp
