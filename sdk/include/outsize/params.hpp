// Parameters, seen by a plugin: a table to declare them, a view to read them.
#pragma once

#include <outsize/abi/param.h>

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>

namespace outsize {

/// Rows of a parameter table. All text must be static. `default_text` is written as an operator would write it.
namespace param {
constexpr outsize_param row(std::uint32_t type, const char *name, const char *default_text, const char *documentation,
                            std::int64_t min = 0, std::int64_t max = 0, const char *choices = nullptr) {
  return {sizeof(outsize_param),
          type,
          default_text == nullptr ? OUTSIZE_PARAM_REQUIRED : 0U,
          0,
          name,
          default_text,
          documentation,
          min,
          max,
          choices};
}
constexpr outsize_param boolean(const char *name, const char *default_text, const char *documentation) {
  return row(OUTSIZE_PARAM_BOOL, name, default_text, documentation);
}
constexpr outsize_param integer(const char *name, const char *default_text, const char *documentation, std::int64_t min,
                                std::int64_t max) {
  return row(OUTSIZE_PARAM_INTEGER, name, default_text, documentation, min, max);
}
constexpr outsize_param bytes(const char *name, const char *default_text, const char *documentation, std::int64_t min,
                              std::int64_t max) {
  return row(OUTSIZE_PARAM_BYTES, name, default_text, documentation, min, max);
}
/// Bounds in nanoseconds.
constexpr outsize_param duration(const char *name, const char *default_text, const char *documentation,
                                 std::int64_t min_ns, std::int64_t max_ns) {
  return row(OUTSIZE_PARAM_DURATION, name, default_text, documentation, min_ns, max_ns);
}
constexpr outsize_param string(const char *name, const char *default_text, const char *documentation) {
  return row(OUTSIZE_PARAM_STRING, name, default_text, documentation);
}
constexpr outsize_param path(const char *name, const char *default_text, const char *documentation) {
  return row(OUTSIZE_PARAM_PATH, name, default_text, documentation);
}
} // namespace param

/// The checked values that the host passes. Borrowed: valid while the plugin's create runs.
class param_view {
public:
  param_view(const outsize_param_value *values, std::uint32_t count) : values_(values, count) {}

  /// A parameter that was declared is always there; asking for another name yields zero or the empty text.
  [[nodiscard]] std::int64_t number(std::string_view name) const {
    const outsize_param_value *found = find(name);
    return found == nullptr ? 0 : found->number;
  }
  [[nodiscard]] std::uint64_t bytes(std::string_view name) const { return static_cast<std::uint64_t>(number(name)); }
  [[nodiscard]] bool flag(std::string_view name) const { return number(name) != 0; }
  [[nodiscard]] std::chrono::nanoseconds duration(std::string_view name) const {
    return std::chrono::nanoseconds{number(name)};
  }
  [[nodiscard]] std::string_view text(std::string_view name) const {
    const outsize_param_value *found = find(name);
    return found == nullptr || found->text == nullptr ? std::string_view{} : std::string_view{found->text};
  }
  /// False when the operator set it.
  [[nodiscard]] bool is_default(std::string_view name) const {
    const outsize_param_value *found = find(name);
    return found == nullptr || found->is_default != 0;
  }

private:
  [[nodiscard]] const outsize_param_value *find(std::string_view name) const {
    for (const outsize_param_value &value : values_) {
      if (name == value.name) {
        return &value;
      }
    }
    return nullptr;
  }
  std::span<const outsize_param_value> values_;
};

} // namespace outsize
