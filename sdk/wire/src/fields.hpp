// How each C++ type of a message field is sized, written and read: one place for all messages, driven by `visit`.
#pragma once

#include "reader.hpp"
#include "writer.hpp"

#include <outsize/error.hpp>
#include <outsize/wire/messages.hpp>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace outsize::wire::fields {

template <class T> inline constexpr bool is_vector = false;
template <class T> inline constexpr bool is_vector<std::vector<T>> = true;
template <class T> inline constexpr bool is_optional = false;
template <class T> inline constexpr bool is_optional<std::optional<T>> = true;

inline std::span<const std::uint8_t> bytes_of(const std::string &text) {
  return {reinterpret_cast<const std::uint8_t *>(text.data()), text.size()};
}

/// Values that this version can act on. Codes are open: a newer peer's code is read as it is (see facts_of).
constexpr bool is_known(code) {
  return true;
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

// ---- sizes ----------------------------------------------------------------------------------------------------------

template <class T> constexpr std::uint64_t integer_bytes() {
  return 1 + sizeof(T);
}

template <class T> std::uint64_t size_value(const T &value) {
  if constexpr (std::is_enum_v<T>) {
    return integer_bytes<std::underlying_type_t<T>>();
  } else if constexpr (std::is_integral_v<T>) {
    return integer_bytes<T>();
  } else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, buffer>) {
    return size_of::bin_head + value.size();
  } else if constexpr (std::is_same_v<T, digest>) {
    return size_of::digest;
  } else if constexpr (std::is_same_v<T, segment_id>) {
    return size_of::segment;
  } else if constexpr (is_vector<T>) {
    std::uint64_t size = size_of::array;
    for (const auto &item : value) {
      size += size_value(item);
    }
    return size;
  } else {
    std::uint64_t size = size_of::map;
    T::visit(value, [&]<class Field>(unsigned, const Field &field, const char *) {
      if constexpr (is_optional<Field>) {
        size += field ? size_of::field + size_value(*field) : 0;
      } else {
        size += size_of::field + size_value(field);
      }
    });
    return size;
  }
}

// ---- writing --------------------------------------------------------------------------------------------------------

template <class T> void write_integer(writer &to, T value) {
  if constexpr (sizeof(T) == 1) {
    to.u8(value);
  } else if constexpr (sizeof(T) == 2) {
    to.u16(value);
  } else if constexpr (sizeof(T) == 4) {
    to.u32(value);
  } else {
    to.u64(value);
  }
}

template <class T> void write_value(writer &to, const T &value);

template <class T> void write_struct(writer &to, const T &value) {
  std::size_t present = 0;
  T::visit(value, [&]<class Field>(unsigned, const Field &field, const char *) {
    if constexpr (is_optional<Field>) {
      present += field ? 1 : 0;
    } else {
      ++present;
    }
  });
  to.map(present);
  T::visit(value, [&]<class Field>(unsigned number, const Field &field, const char *) {
    if constexpr (is_optional<Field>) {
      if (field) {
        to.field(number);
        write_value(to, *field);
      }
    } else {
      to.field(number);
      write_value(to, field);
    }
  });
}

template <class T> void write_value(writer &to, const T &value) {
  if constexpr (std::is_enum_v<T>) {
    write_integer(to, static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::is_integral_v<T>) {
    write_integer(to, value);
  } else if constexpr (std::is_same_v<T, std::string>) {
    to.str(bytes_of(value));
  } else if constexpr (std::is_same_v<T, buffer>) {
    to.bin(value.span());
  } else if constexpr (std::is_same_v<T, digest>) {
    to.bin(value);
  } else if constexpr (std::is_same_v<T, segment_id>) {
    to.fixarray(2);
    to.u64(value.log);
    to.u32(value.index);
  } else if constexpr (is_vector<T>) {
    to.array(value.size());
    for (const auto &item : value) {
      write_value(to, item);
    }
  } else {
    write_struct(to, value);
  }
}

// ---- reading --------------------------------------------------------------------------------------------------------

template <class T> void read_value(reader &from, T &value);

template <class T> void read_enum(reader &from, T &value) {
  const auto raw = from.read_uint(std::numeric_limits<std::underlying_type_t<T>>::max());
  value = static_cast<T>(raw);
  if (from.ok() && !is_known(value)) {
    from.fail("a value that this version does not know");
  }
}

template <class T> void read_vector(reader &from, std::vector<T> &value) {
  const std::uint32_t count = from.read_array();
  from.charge(std::uint64_t{count} * sizeof(T));
  if (!from.ok()) {
    return;
  }
  value.reserve(count);
  for (std::uint32_t i = 0; i < count && from.ok(); ++i) {
    read_value(from, value.emplace_back());
  }
}

template <class T> void read_field(reader &from, T &value, const char *name, bool seen) {
  if (seen) {
    from.fail(std::string("field ") + name + " comes twice");
    return;
  }
  if constexpr (is_optional<T>) {
    if (!from.take_nil()) {
      read_value(from, value.emplace());
    }
  } else {
    read_value(from, value);
  }
}

/// Every field that is not optional must be there: what a later version adds is optional.
template <class T> void check_complete(reader &from, const T &value, std::uint32_t seen) {
  T::visit(value, [&]<class Field>(unsigned number, const Field &, const char *name) {
    if (!is_optional<Field> && (seen >> number & 1) == 0) {
      from.fail(std::string("field ") + name + " is missing");
    }
  });
}

template <class T> void read_struct(reader &from, T &value) {
  const std::uint32_t count = from.read_map();
  std::uint32_t seen = 0;
  for (std::uint32_t i = 0; i < count && from.ok(); ++i) {
    const std::uint64_t key = from.read_uint(UINT64_MAX);
    bool known = false;
    T::visit(value, [&](unsigned number, auto &field, const char *name) {
      if (number == key) {
        known = true;
        read_field(from, field, name, (seen >> number & 1) != 0);
        seen |= 1U << number;
      }
    });
    if (!known) {
      from.skip();
    }
  }
  check_complete(from, value, seen);
}

template <class T> void read_value(reader &from, T &value) {
  if constexpr (std::is_enum_v<T>) {
    read_enum(from, value);
  } else if constexpr (std::is_integral_v<T>) {
    value = static_cast<T>(from.read_uint(std::numeric_limits<T>::max()));
  } else if constexpr (std::is_same_v<T, std::string>) {
    const std::span<const std::uint8_t> bytes = from.read_str();
    value.assign(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  } else if constexpr (std::is_same_v<T, buffer>) {
    value = from.read_shared_bin();
  } else if constexpr (std::is_same_v<T, digest>) {
    const std::span<const std::uint8_t> bytes = from.read_bin();
    if (from.ok() && bytes.size() != value.size()) {
      from.fail("wanted 16 bytes");
      return;
    }
    std::copy(bytes.begin(), bytes.end(), value.begin());
  } else if constexpr (std::is_same_v<T, segment_id>) {
    if (from.read_array() != 2) {
      from.fail("wanted a segment, which has two values");
    }
    value.log = from.read_uint(UINT64_MAX);
    value.index = static_cast<std::uint32_t>(from.read_uint(UINT32_MAX));
  } else if constexpr (is_vector<T>) {
    read_vector(from, value);
  } else {
    read_struct(from, value);
  }
}

} // namespace outsize::wire::fields
