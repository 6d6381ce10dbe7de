// How each C++ type of a message field is sized and packed: one place for all messages, driven by `visit`.
#pragma once

#include "field_traits.hpp"
#include "packing.hpp"

#include <outsize/wire/limits.hpp>

namespace outsize::wire {

/// Calls `visit(number, value)` for each field of a struct that is present.
template <class T, class Visit> void visit_present(const T &value, Visit &&visit) {
  T::visit(value, [&]<class Field>(unsigned number, const Field &field, const char *) {
    if constexpr (is_optional<Field>) {
      if (field) {
        visit(number, *field);
      }
    } else {
      visit(number, field);
    }
  });
}

template <class T> std::size_t count_present(const T &value) {
  std::size_t present = 0;
  visit_present(value, [&](unsigned, const auto &) { ++present; });
  return present;
}

/// The exact size of the bytes that pack_value writes.
template <class T> std::uint64_t size_value(const T &value) {
  if constexpr (std::is_enum_v<T> || std::is_integral_v<T>) {
    return size_of::integer<T>;
  } else if constexpr (std::is_same_v<T, std::string>) {
    return size_of::str_head(value.size()) + value.size();
  } else if constexpr (std::is_same_v<T, buffer>) {
    return size_of::bin_head(value.size()) + value.size();
  } else if constexpr (std::is_same_v<T, digest>) {
    return size_of::digest;
  } else if constexpr (std::is_same_v<T, segment_id>) {
    return size_of::segment;
  } else if constexpr (is_vector<T>) {
    std::uint64_t size = size_of::array_head(value.size());
    for (const auto &item : value) {
      size += size_value(item);
    }
    return size;
  } else {
    std::uint64_t size = size_of::map;
    visit_present(value, [&](unsigned, const auto &field) { size += size_of::field + size_value(field); });
    return size;
  }
}

template <class T> void pack_value(packer &to, const T &value) {
  if constexpr (std::is_enum_v<T>) {
    pack_integer(to, static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::is_integral_v<T>) {
    pack_integer(to, value);
  } else if constexpr (std::is_same_v<T, std::string>) {
    pack_text(to, value);
  } else if constexpr (std::is_same_v<T, buffer>) {
    pack_bytes(to, value.span());
  } else if constexpr (std::is_same_v<T, digest>) {
    pack_bytes(to, value);
  } else if constexpr (std::is_same_v<T, segment_id>) {
    pack_count(to, 2);
    pack_integer(to, value.log);
    pack_integer(to, value.index);
  } else if constexpr (is_vector<T>) {
    pack_count(to, value.size());
    for (const auto &item : value) {
      pack_value(to, item);
    }
  } else {
    to.pack_map(static_cast<std::uint32_t>(count_present(value)));
    visit_present(value, [&](unsigned number, const auto &field) {
      pack_field_number(to, number);
      pack_value(to, field);
    });
  }
}

} // namespace outsize::wire
