// What the operator wrote for a component, made into the typed values that its create is given.
//
// Thread rule: plain values; distinct objects may be used from any thread.
#pragma once

#include "module_info.hpp"

#include <outsize/abi/param.h>
#include <outsize/result.hpp>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace outsize::host {

/// A value as the configuration language has it; sizes, durations, paths and choices are strings there.
using written_value = std::variant<bool, std::int64_t, double, std::string>;

struct written_param {
  std::string name;
  written_value value;
  std::string place; ///< "demo.toml:12"; may be empty
};

/// What check_params needs beside the values.
struct param_source {
  std::span<const written_param> written;
  std::filesystem::path folder; ///< relative paths start here; absolute
  std::string place;            ///< of the section, for a parameter that is missing; may be empty
};

/// Checked values of every declared parameter, in the order of declaration, with the texts they point to.
class param_values {
public:
  param_values() = default;
  param_values(param_values &&) = default;
  param_values &operator=(param_values &&) = default;
  param_values(const param_values &) = delete;
  param_values &operator=(const param_values &) = delete;

  /// Lives as long as this object, wherever it is moved.
  [[nodiscard]] std::span<const outsize_param_value> values() const { return values_; }
  /// One line for each deprecated parameter that the operator set.
  [[nodiscard]] const std::vector<std::string> &warnings() const { return warnings_; }

private:
  friend result<param_values> check_params(const component_info &component, const param_source &from);
  std::vector<std::string> texts_; // sized once, so that pointers into it hold
  std::vector<outsize_param_value> values_;
  std::vector<std::string> warnings_;
};

/// Converts and checks. Error: bad_config; its text names place, parameter and value (a secret's is not shown), and
/// for an unknown parameter the nearest one.
result<param_values> check_params(const component_info &component, const param_source &from);

/// Why a parameter would refuse its own default; empty when it would not.
std::string fault_of_default(const param_info &param);

/// "4KiB to 32MiB", "at least 1s"; empty for a parameter without bounds.
std::string bounds_in_words(const param_info &param);

/// "bool", "integer", "bytes", "duration", "string", "path", "choice".
std::string_view type_name(std::uint32_t type);

} // namespace outsize::host
