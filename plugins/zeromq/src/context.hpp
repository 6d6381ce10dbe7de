// What the pieces of one transport instance share. Outlives them all.
#pragma once

#include "far_end.hpp"
#include "guard.hpp"
#include "settings.hpp"
#include "waker.hpp"

#include <zmq.hpp>

#include <cstdint>

namespace outsize::zeromq {

/// Tags of the waker: what kind of descriptor spoke, and whose.
enum class source : std::uint8_t { socket = 1, reports = 2, connection = 3 };
inline constexpr std::uint64_t make_tag(source what, std::uint64_t number) {
  return static_cast<std::uint64_t>(what) << 56U | number;
}
inline constexpr source source_of(std::uint64_t tag) {
  return static_cast<source>(tag >> 56U);
}
inline constexpr std::uint64_t number_of(std::uint64_t tag) {
  return tag & ((std::uint64_t{1} << 56U) - 1);
}

struct shared_context {
  const settings &options;
  zmq::context_t &zmq;
  waker &wake;
  guard &watch;
  far_end_events &events;
  std::uint64_t last_number = 0;

  /// For sockets, connections and whatever else needs a number of its own.
  std::uint64_t next_number() { return ++last_number; }
};

/// The options that every socket has, before it binds or connects.
void set_common_options(zmq::socket_t &socket, const settings &options, bool v6);

} // namespace outsize::zeromq
