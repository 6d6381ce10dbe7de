// What sizes, packing and intakes of message fields must know about C++ types.
#pragma once

#include <outsize/error.hpp>
#include <outsize/wire/messages.hpp>

#include <optional>
#include <vector>

namespace outsize::wire {

template <class T> inline constexpr bool is_vector = false;
template <class T> inline constexpr bool is_vector<std::vector<T>> = true;
template <class T> inline constexpr bool is_optional = false;
template <class T> inline constexpr bool is_optional<std::optional<T>> = true;

/// Values that this version can act on. Codes are open: a newer peer's code is read as it is (see facts_of). So are
/// kinds: whoever gets an unknown one answers that.
constexpr bool is_known(code) {
  return true;
}
constexpr bool is_known(kind) {
  return true;
}
constexpr bool is_known(retry_class value) {
  return value == retry_class::never || value == retry_class::after_change || value == retry_class::later ||
         value == retry_class::reconnect;
}
constexpr bool is_known(peer_role value) {
  return value == peer_role::node || value == peer_role::client;
}
constexpr bool is_known(link_class value) {
  return value >= link_class::control && value <= link_class::reads;
}
constexpr bool is_known(stage value) {
  return value <= stage::storage;
}
constexpr bool is_known(stored_as value) {
  return value >= stored_as::inline_ && value <= stored_as::spilled;
}
constexpr bool is_known(entry_kind value) {
  return value >= entry_kind::data && value <= entry_kind::abort;
}

} // namespace outsize::wire
