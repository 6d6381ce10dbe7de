// Changing a message on its way: decoded, changed, encoded again under the same number.
//
// Thread rule: free functions.
#pragma once

#include "sim/transport/network.hpp"

#include <outsize/wire/codec.hpp>

#include <cstdint>
#include <utility>

namespace outsize::sim {

inline std::uint64_t bytes_of(const std::vector<buffer> &parts) {
  std::uint64_t sum = 0;
  for (const buffer &part : parts) {
    sum += part.size();
  }
  return sum;
}

/// Puts `changed` in the place of the message's header part; its payload stays.
template <class Message> void replace_header(sighting &message, std::uint64_t number, const Message &changed) {
  message.parts.front() = wire::seal_envelope(wire::encode(changed), Message::number, number);
  message.bytes = bytes_of(message.parts);
}

/// Calls `change` with the message when it is one of that kind; what it changed goes on. True when it was one.
template <class Message, class Change> bool rewrite(sighting &message, Change &&change) {
  const auto envelope = wire::decode_envelope(message.parts.front().span());
  if (!envelope || envelope->what != Message::number) {
    return false;
  }
  auto decoded = wire::decode<Message>(message.parts.front());
  if (!decoded) {
    return false;
  }
  std::forward<Change>(change)(decoded.value());
  replace_header(message, envelope->number, decoded.value());
  return true;
}

} // namespace outsize::sim
