// The intake of each C++ type of a message field, driven by `visit`.
#pragma once

#include "field_traits.hpp"
#include "intake.hpp"

#include <algorithm>
#include <limits>
#include <type_traits>

namespace outsize::wire {

template <class T> constexpr const intake &intake_of();

/// Passes over a value of any type.
class any_intake final : public intake {
public:
  [[nodiscard]] complaint wanted() const override { return nullptr; }
  [[nodiscard]] bool skips() const override { return true; }
  complaint take_nil(void *) const override { return nullptr; }
  complaint take_integer(void *, std::uint64_t) const override { return nullptr; }
  complaint take_text(void *, std::string_view) const override { return nullptr; }
  complaint take_bytes(void *, std::span<const std::uint8_t>, const buffer *) const override { return nullptr; }
  complaint take_other() const override { return nullptr; }
  complaint begin_array(void *, std::uint32_t, memory_allowance &) const override { return nullptr; }
  place item(void *, std::uint32_t) const override { return {this, nullptr}; }
  complaint begin_map() const override { return nullptr; }
};
inline constexpr any_intake skip_value;

template <class T> class integer_intake final : public intake {
public:
  [[nodiscard]] complaint wanted() const override { return "wanted an unsigned integer"; }
  complaint take_integer(void *at, std::uint64_t value) const override {
    if (value > std::numeric_limits<T>::max()) {
      return "integer is too large for its field";
    }
    *static_cast<T *>(at) = static_cast<T>(value);
    return nullptr;
  }
};

template <class T> class enum_intake final : public intake {
public:
  [[nodiscard]] complaint wanted() const override { return "wanted an unsigned integer"; }
  complaint take_integer(void *at, std::uint64_t value) const override {
    if (value > std::numeric_limits<std::underlying_type_t<T>>::max()) {
      return "integer is too large for its field";
    }
    *static_cast<T *>(at) = static_cast<T>(value);
    return is_known(static_cast<T>(value)) ? nullptr : "a value that this version does not know";
  }
};

class text_intake final : public intake {
public:
  [[nodiscard]] complaint wanted() const override { return "wanted text"; }
  complaint take_text(void *at, std::string_view text) const override {
    static_cast<std::string *>(at)->assign(text);
    return nullptr;
  }
};

/// Bytes that share those of the message.
class buffer_intake final : public intake {
public:
  [[nodiscard]] complaint wanted() const override { return "wanted bytes"; }
  complaint take_bytes(void *at, std::span<const std::uint8_t> bytes, const buffer *whole) const override {
    if (!bytes.empty()) {
      *static_cast<buffer *>(at) = whole->slice(static_cast<std::uint64_t>(bytes.data() - whole->data()), bytes.size());
    }
    return nullptr;
  }
};

/// Short bytes that are copied.
class byte_string_intake final : public intake {
public:
  [[nodiscard]] complaint wanted() const override { return "wanted bytes"; }
  complaint take_bytes(void *at, std::span<const std::uint8_t> bytes, const buffer *) const override {
    static_cast<std::string *>(at)->assign(reinterpret_cast<const char *>(bytes.data()), bytes.size());
    return nullptr;
  }
};
inline constexpr byte_string_intake take_byte_string;

class digest_intake final : public intake {
public:
  [[nodiscard]] complaint wanted() const override { return "wanted 16 bytes"; }
  complaint take_bytes(void *at, std::span<const std::uint8_t> bytes, const buffer *) const override {
    auto &value = *static_cast<digest *>(at);
    if (bytes.size() != value.size()) {
      return wanted();
    }
    std::copy(bytes.begin(), bytes.end(), value.begin());
    return nullptr;
  }
};

class segment_intake final : public intake {
public:
  [[nodiscard]] complaint wanted() const override { return "wanted a segment, which has two values"; }
  complaint begin_array(void *, std::uint32_t count, memory_allowance &) const override {
    return count == 2 ? nullptr : wanted();
  }
  place item(void *at, std::uint32_t index) const override {
    auto &value = *static_cast<segment_id *>(at);
    return index == 0 ? place{&intake_of<std::uint64_t>(), &value.log}
                      : place{&intake_of<std::uint32_t>(), &value.index};
  }
};

template <class T> class vector_intake final : public intake {
public:
  constexpr explicit vector_intake(const intake &items) : items_(items) {}
  [[nodiscard]] complaint wanted() const override { return "wanted an array"; }
  complaint begin_array(void *at, std::uint32_t count, memory_allowance &memory) const override {
    if (!memory.take(std::uint64_t{count} * sizeof(T))) {
      return "more values than the message's size justifies";
    }
    static_cast<std::vector<T> *>(at)->reserve(count);
    return nullptr;
  }
  place item(void *at, std::uint32_t) const override {
    return {&items_, &static_cast<std::vector<T> *>(at)->emplace_back()};
  }

private:
  const intake &items_;
};

/// A field that may be absent, or nil, which means the same.
template <class T> class optional_intake final : public intake {
public:
  [[nodiscard]] complaint wanted() const override { return intake_of<T>().wanted(); }
  complaint take_nil(void *) const override { return nullptr; }
  place open(void *at) const override { return {&intake_of<T>(), &static_cast<std::optional<T> *>(at)->emplace()}; }
};

/// A map from field number to value. Every field that is not optional must be there: what a later version adds is
/// optional.
template <class T> class struct_intake final : public intake {
public:
  [[nodiscard]] complaint wanted() const override { return "wanted a map"; }
  complaint begin_map() const override { return nullptr; }
  [[nodiscard]] slot field_of(void *at, std::uint64_t number) const override {
    slot found;
    T::visit(*static_cast<T *>(at), [&]<class Field>(unsigned each, Field &value, const char *name) {
      if (each == number) {
        found = {{&intake_of<Field>(), &value}, name, 1U << each};
      }
    });
    return found;
  }
  [[nodiscard]] const char *missing_field(void *at, std::uint32_t seen) const override {
    const char *missing = nullptr;
    T::visit(*static_cast<T *>(at), [&]<class Field>(unsigned number, Field &, const char *name) {
      if (!is_optional<Field> && missing == nullptr && (seen >> number & 1) == 0) {
        missing = name;
      }
    });
    return missing;
  }
};

namespace detail {

template <class T> struct item_of {};
template <template <class...> class Container, class T, class... Rest> struct item_of<Container<T, Rest...>> {
  using type = T;
};

template <class T> constexpr auto make_intake() {
  if constexpr (std::is_enum_v<T>) {
    return enum_intake<T>();
  } else if constexpr (std::is_integral_v<T>) {
    return integer_intake<T>();
  } else if constexpr (std::is_same_v<T, std::string>) {
    return text_intake();
  } else if constexpr (std::is_same_v<T, buffer>) {
    return buffer_intake();
  } else if constexpr (std::is_same_v<T, digest>) {
    return digest_intake();
  } else if constexpr (std::is_same_v<T, segment_id>) {
    return segment_intake();
  } else if constexpr (is_vector<T>) {
    return vector_intake<typename item_of<T>::type>(intake_of<typename item_of<T>::type>());
  } else if constexpr (is_optional<T>) {
    return optional_intake<typename item_of<T>::type>();
  } else {
    return struct_intake<T>();
  }
}
template <class T> inline constexpr auto the_intake = make_intake<T>();

} // namespace detail

template <class T> constexpr const intake &intake_of() {
  return detail::the_intake<T>;
}

} // namespace outsize::wire
