#include "param_values.hpp"

#include <host/units/units.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

namespace outsize::host {
namespace {

struct checked {
  std::int64_t number = 0;
  std::string text;
};

/// A value, or what is wrong with it in words that follow `name = value: `.
using outcome = std::variant<checked, std::string>;

std::string shown(const param_info &param, const written_value &value) {
  if ((param.flags & OUTSIZE_PARAM_SECRET) != 0) {
    return "(secret)";
  }
  if (const auto *text = std::get_if<std::string>(&value)) {
    return fmt::format("\"{}\"", *text);
  }
  return std::visit([](const auto &v) { return fmt::format("{}", v); }, value);
}

std::string bound_in_words(const param_info &param, std::int64_t bound) {
  switch (param.type) {
  case OUTSIZE_PARAM_BYTES:
    return format_bytes(static_cast<std::uint64_t>(bound));
  case OUTSIZE_PARAM_DURATION:
    return format_duration(duration{bound});
  default:
    return fmt::format("{}", bound);
  }
}

} // namespace

std::string bounds_in_words(const param_info &param) {
  if (!param.is_bounded()) {
    return {};
  }
  if (param.number_max == INT64_MAX) {
    return "at least " + bound_in_words(param, param.number_min);
  }
  return fmt::format("{} to {}", bound_in_words(param, param.number_min), bound_in_words(param, param.number_max));
}

namespace {

outcome bounded(const param_info &param, std::int64_t number) {
  if (param.is_bounded() && (number < param.number_min || number > param.number_max)) {
    return "must be " + bounds_in_words(param);
  }
  return checked{number, {}};
}

/// Keeps a secret out of the reasons that quote it.
std::string words_of(const param_info &param, const error &why, std::string_view instead) {
  return (param.flags & OUTSIZE_PARAM_SECRET) != 0 ? std::string(instead) : why.text;
}

outcome checked_bytes(const param_info &param, const written_value &value) {
  if (const auto *number = std::get_if<std::int64_t>(&value)) {
    return *number < 0 ? outcome{"a size is never negative"} : bounded(param, *number);
  }
  const auto *text = std::get_if<std::string>(&value);
  if (text == nullptr) {
    return "not a size; write for instance \"32MiB\"";
  }
  const result<std::uint64_t> bytes = parse_bytes(*text);
  if (!bytes) {
    return words_of(param, bytes.error(), "not a size");
  }
  if (*bytes > static_cast<std::uint64_t>(INT64_MAX)) {
    return "the size is too large";
  }
  return bounded(param, static_cast<std::int64_t>(*bytes));
}

outcome checked_duration(const param_info &param, const written_value &value) {
  const auto *text = std::get_if<std::string>(&value);
  if (text == nullptr) {
    return "not a duration; write for instance \"250ms\"";
  }
  const result<duration> time = parse_duration(*text);
  return time ? bounded(param, time->count()) : words_of(param, time.error(), "not a duration");
}

outcome checked_choice(const param_info &param, const std::string &text) {
  if (std::ranges::find(param.choices, text) != param.choices.end()) {
    return checked{0, text};
  }
  const std::vector<std::string_view> names(param.choices.begin(), param.choices.end());
  return fmt::format("must be one of {}{}", fmt::join(names, ", "), did_you_mean(text, names));
}

outcome checked_text(const param_info &param, const written_value &value, const std::filesystem::path &folder) {
  const auto *text = std::get_if<std::string>(&value);
  if (text == nullptr) {
    return "not a string";
  }
  if (text->find('\0') != std::string::npos) {
    return "has a zero byte in it";
  }
  if (param.type == OUTSIZE_PARAM_CHOICE) {
    return checked_choice(param, *text);
  }
  if (param.type == OUTSIZE_PARAM_PATH && !text->empty()) {
    return checked{0, (folder / *text).lexically_normal().string()}; // an absolute one replaces the folder
  }
  return checked{0, *text};
}

outcome check_value(const param_info &param, const written_value &value, const std::filesystem::path &folder) {
  switch (param.type) {
  case OUTSIZE_PARAM_BOOL: {
    const auto *flag = std::get_if<bool>(&value);
    return flag == nullptr ? outcome{"not true or false"} : checked{*flag ? 1 : 0, {}};
  }
  case OUTSIZE_PARAM_INTEGER: {
    const auto *number = std::get_if<std::int64_t>(&value);
    return number == nullptr ? outcome{"not a whole number"} : bounded(param, *number);
  }
  case OUTSIZE_PARAM_BYTES:
    return checked_bytes(param, value);
  case OUTSIZE_PARAM_DURATION:
    return checked_duration(param, value);
  default:
    return checked_text(param, value, folder);
  }
}

/// A default, which is always text, as the configuration language would have it.
written_value default_value(const param_info &param) {
  const std::string &text = *param.default_text;
  if (param.type == OUTSIZE_PARAM_BOOL && (text == "true" || text == "false")) {
    return text == "true";
  }
  if (param.type == OUTSIZE_PARAM_INTEGER) {
    std::int64_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed == std::errc{} && end == text.data() + text.size()) {
      return number;
    }
  }
  return text;
}

error bad_param(const std::string &place, std::string text, const component_info &component) {
  return make_error(code::bad_config, place.empty() ? std::move(text) : fmt::format("{}: {}", place, text),
                    fmt::format("outsize plugin params {} lists them", component.name));
}

std::optional<error> unknown_param(const component_info &component, std::span<const written_param> written) {
  std::vector<std::string_view> names;
  for (const param_info &param : component.params) {
    names.emplace_back(param.name);
  }
  for (std::size_t i = 0; i < written.size(); ++i) {
    const written_param &one = written[i];
    if (std::ranges::find(names, one.name) == names.end()) {
      return bad_param(one.place,
                       fmt::format("{} has no parameter \"{}\"{}", in_words(component.kind, component.name), one.name,
                                   did_you_mean(one.name, names)),
                       component);
    }
    if (std::ranges::find(written.first(i), one.name, &written_param::name) != written.first(i).end()) {
      return bad_param(one.place, fmt::format("parameter \"{}\" is given twice", one.name), component);
    }
  }
  return std::nullopt;
}

struct chosen {
  checked value;
  bool is_default;
};

result<chosen> choose(const component_info &component, const param_info &param, const param_source &from) {
  const auto set = std::ranges::find(from.written, param.name, &written_param::name);
  const bool is_default = set == from.written.end();
  if (is_default && !param.default_text) {
    return bad_param(from.place,
                     fmt::format("{} needs the parameter \"{}\": {}", in_words(component.kind, component.name),
                                 param.name, param.documentation),
                     component);
  }
  const written_value value = is_default ? default_value(param) : set->value;
  outcome checked_value = check_value(param, value, from.folder);
  if (const auto *fault = std::get_if<std::string>(&checked_value)) {
    return bad_param(is_default ? from.place : set->place,
                     fmt::format("{} = {}: {}", param.name, shown(param, value), *fault), component);
  }
  return chosen{std::get<checked>(std::move(checked_value)), is_default};
}

std::string deprecation(const param_source &from, const std::string &name) {
  const std::string &place = std::ranges::find(from.written, name, &written_param::name)->place;
  return fmt::format("{}{}parameter \"{}\" is deprecated", place, place.empty() ? "" : ": ", name);
}

} // namespace

result<param_values> check_params(const component_info &component, const param_source &from) {
  if (std::optional<error> why = unknown_param(component, from.written)) {
    return *std::move(why);
  }
  param_values made;
  made.texts_.reserve(2 * component.params.size());
  for (const param_info &param : component.params) {
    result<chosen> one = choose(component, param, from);
    if (!one) {
      return std::move(one).error();
    }
    const std::string &name = made.texts_.emplace_back(param.name);
    const std::string &text = made.texts_.emplace_back(std::move(one->value.text));
    made.values_.push_back({name.c_str(), param.type, one->is_default ? 1U : 0U, one->value.number, text.c_str()});
    if (!one->is_default && (param.flags & OUTSIZE_PARAM_DEPRECATED) != 0) {
      made.warnings_.push_back(deprecation(from, param.name));
    }
  }
  return made;
}

std::string fault_of_default(const param_info &param) {
  const written_value value = default_value(param);
  const outcome checked_value = check_value(param, value, "/");
  const auto *fault = std::get_if<std::string>(&checked_value);
  return fault == nullptr ? std::string{} : fmt::format("{}: {}", shown(param, value), *fault);
}

std::string_view type_name(std::uint32_t type) {
  constexpr std::array<std::string_view, 8> names = {"?",        "bool",   "integer", "bytes",
                                                     "duration", "string", "path",    "choice"};
  return type < names.size() ? names.at(type) : names.front();
}

} // namespace outsize::host
