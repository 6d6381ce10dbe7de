// A value or an error. Stands in for std::expected, which Debian 12's default clang cannot read.
//
// Thread rule: plain values; distinct objects may be used from any thread.
#pragma once

#include <outsize/error.hpp>

#include <optional>
#include <utility>
#include <variant>

namespace outsize {

template <class T> class [[nodiscard]] result {
public:
  result(T value) : state_(std::in_place_index<0>, std::move(value)) {}          // NOLINT(google-explicit-constructor)
  result(outsize::error why) : state_(std::in_place_index<1>, std::move(why)) {} // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  /// Only with has_value(); anything else ends the process (std::bad_variant_access in a noexcept world).
  T &value() & { return std::get<0>(state_); }
  const T &value() const & { return std::get<0>(state_); }
  T &&value() && { return std::get<0>(std::move(state_)); }
  T &operator*() & { return value(); }
  const T &operator*() const & { return value(); }
  T &&operator*() && { return std::move(*this).value(); }
  T *operator->() { return &value(); }
  const T *operator->() const { return &value(); }

  /// Only without has_value().
  outsize::error &error() & { return std::get<1>(state_); }
  const outsize::error &error() const & { return std::get<1>(state_); }
  outsize::error &&error() && { return std::get<1>(std::move(state_)); }

private:
  std::variant<T, outsize::error> state_;
};

template <> class [[nodiscard]] result<void> {
public:
  result() = default;
  result(outsize::error why) : why_(std::move(why)) {} // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool has_value() const { return !why_.has_value(); }
  explicit operator bool() const { return has_value(); }

  /// Only without has_value().
  outsize::error &error() & { return *why_; }
  const outsize::error &error() const & { return *why_; }
  outsize::error &&error() && { return *std::move(why_); }

private:
  std::optional<outsize::error> why_;
};

} // namespace outsize
