#include "typed_values.hpp"

#include "host/units/units.hpp"

#include <fmt/format.h>

#include <charconv>

namespace outsize::host {
namespace {

template <class Value> Value meant_by(std::string_view flag, const std::string &text, const result<Value> &parsed) {
  if (!parsed) {
    refuse(flag, text, parsed.error().text, "", parsed.error().remedy);
  }
  return *parsed;
}

} // namespace

void refuse(std::string_view flag, std::string_view value, std::string text, std::string limit, std::string remedy) {
  throw bad_value{{code::invalid_argument, std::move(text), fmt::format("{} {}", flag, value), "", std::move(limit),
                   std::move(remedy)}};
}

std::uint64_t bytes_of(std::string_view flag, const std::string &text) {
  return meant_by(flag, text, parse_bytes(text));
}

duration duration_of(std::string_view flag, const std::string &text) {
  const duration time = meant_by(flag, text, parse_duration(text));
  if (time <= duration::zero()) {
    refuse(flag, text, fmt::format("\"{}\" leaves no time", text), "above 0", "write a longer time, for instance 30s");
  }
  return time;
}

std::uint64_t number_of(std::string_view flag, const std::string &text, std::uint64_t min, std::uint64_t max) {
  std::uint64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string limit = max == UINT64_MAX ? fmt::format("at least {}", min) : fmt::format("{} to {}", min, max);
  if (text.empty() || end != text.data() + text.size() || failed == std::errc::invalid_argument) {
    refuse(flag, text, fmt::format("\"{}\" is not a whole number", text), limit, "write digits only");
  }
  if (failed != std::errc{} || value < min || value > max) {
    refuse(flag, text, fmt::format("\"{}\" is out of range", text), limit, "choose a value within the limits");
  }
  return value;
}

wire::offset_t offset_of(std::string_view flag, const std::string &text) {
  return number_of(flag, text, 0, UINT64_MAX - 1);
}

std::pair<std::string, std::string> header_of(const std::string &text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    refuse("--header", text, fmt::format("\"{}\" is not a header", text), "", "write name=value");
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

} // namespace outsize::host
