#include "section_reader.hpp"

#include "host/units/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <sstream>

namespace outsize::host {
namespace {

constexpr std::size_t name_bytes_max = 64;
constexpr std::size_t shown_bytes_max = 80; // of a wrong value, in a message

error wrong(std::string text, std::string remedy) {
  return make_error(code::bad_config, std::move(text), std::move(remedy));
}

error wrong_type(const key_facts &key, std::string_view example) {
  return wrong(fmt::format("must be a {}", word_of(key.type)), fmt::format("write it like {}", example));
}

bool is_name_letter(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
         letter == '.' || letter == '_' || letter == '-';
}

result<void> check_name(std::string_view name) {
  const bool well_formed = !name.empty() && name.size() <= name_bytes_max && name.front() != '.' &&
                           name.front() != '-' && std::ranges::all_of(name, is_name_letter);
  if (!well_formed) {
    return wrong("is not a name", fmt::format("use 1 to {} letters, digits, '.', '_' and '-', beginning with a letter "
                                              "or a digit",
                                              name_bytes_max));
  }
  return {};
}

bool ends_with_port(std::string_view where) {
  const std::string_view port = where.substr(std::min(where.rfind(':'), where.size()));
  std::uint32_t value = 0;
  const auto [end, failed] = std::from_chars(port.begin() + !port.empty(), port.end(), value);
  return port.size() > 1 && failed == std::errc{} && end == port.end() && value <= UINT16_MAX;
}

/// What stands behind the scheme is the plugin's; but whatever runs over TCP has a port, and a wrong one would be found
/// only when somebody dials it.
result<void> check_address(std::string_view address) {
  const std::size_t scheme_end = address.find("://");
  if (scheme_end == std::string_view::npos || scheme_end == 0 || scheme_end + 3 == address.size()) {
    return wrong("is not an address", "write scheme://where, for instance tcp://127.0.0.1:7101");
  }
  const std::string_view scheme = address.substr(0, scheme_end);
  if ((scheme == "tcp" || scheme.ends_with("+tcp")) && !ends_with_port(address.substr(scheme_end + 3))) {
    return wrong("does not end with a port from 0 to 65535", fmt::format("write {}://HOST:PORT", scheme));
  }
  return {};
}

result<void> check_plugin(std::string_view plugin) {
  if (plugin.starts_with('/') || check_name(plugin).has_value()) {
    return {};
  }
  return wrong("is neither a plugin's name nor the absolute path of one",
               "write a name, or a path that begins with '/'");
}

result<void> check_choice(const key_facts &key, std::string_view value) {
  std::string_view left = key.choices;
  std::vector<std::string_view> choices;
  while (!left.empty()) {
    const std::size_t end = left.find('|');
    choices.push_back(left.substr(0, end));
    left = end == std::string_view::npos ? std::string_view{} : left.substr(end + 1);
  }
  if (std::ranges::find(choices, value) != choices.end()) {
    return {};
  }
  const std::string_view nearest = nearest_name(value, choices);
  return wrong("is not one of its choices",
               nearest.empty() ? "write one of them" : fmt::format("write \"{}\"", nearest));
}

std::string absolute_path(const std::string &folder, std::string_view written_path) {
  return (std::filesystem::path(folder) / written_path).lexically_normal().string();
}

std::string limit_text(const key_facts &key) {
  const std::string range = range_of(key);
  return range.empty() ? range : (key.choices.empty() ? range : "one of " + range);
}

} // namespace

place reading_context::at(const toml::node &node) const {
  return {file, node.source().begin.line};
}

void reading_context::complain(place where, std::string text, std::string value, std::string limit,
                               std::string remedy) {
  problems.push_back(
      {code::bad_config, std::move(text), std::move(value), where.text(), std::move(limit), std::move(remedy)});
}

std::string written(const toml::node &node) {
  std::ostringstream out;
  node.visit([&out](const auto &value) { out << value; });
  std::string text = std::move(out).str();
  std::ranges::replace(text, '\'', '"'); // toml++ prefers the other quotes; the operator wrote these
  if (text.size() > shown_bytes_max) {
    text = text.substr(0, shown_bytes_max) + "…";
  }
  return text;
}

section_reader::section_reader(const toml::table *table, std::string_view section, reading_context &context)
    : table_(table), section_(section), context_(context), where_{context.file, 0} {
  if (table != nullptr) {
    where_ = context.at(*table);
  }
}

const key_facts &section_reader::facts(std::string_view key) const {
  const auto all = config_keys();
  return *std::ranges::find_if(all, [&](const key_facts &row) { return row.section == section_ && row.name == key; });
}

const toml::node *section_reader::find(const key_facts &key) {
  if (table_ == nullptr) {
    return nullptr;
  }
  const toml::node *found = table_->get(key.name);
  if (found == nullptr && key.required) {
    context_.complain(where_, fmt::format("key \"{}\" is missing in [{}]", key.name, section_), "", limit_text(key),
                      fmt::format("add it: {}", key.meaning));
  }
  return found;
}

void section_reader::complain(const key_facts &key, const toml::node &node, const error &why) {
  context_.complain(context_.at(node), fmt::format("{}.{} {}", section_, key.name, why.text), written(node),
                    limit_text(key), why.remedy);
}

result<std::string> section_reader::read_text(const key_facts &key, const toml::node &node) const {
  const auto *const text = node.as_string();
  if (text == nullptr) {
    return wrong_type(key, "\"text\", in quotes");
  }
  const std::string &value = text->get();
  result<void> checked;
  switch (key.type) {
  case key_type::choice:
  case key_type::choices:
    checked = check_choice(key, value);
    break;
  case key_type::name:
  case key_type::names:
    checked = check_name(value);
    break;
  case key_type::plugin:
    checked = check_plugin(value);
    break;
  case key_type::address:
    checked = check_address(value);
    break;
  default:
    checked = value.empty() ? result<void>(wrong("is empty", "write a value, or remove the key")) : result<void>();
  }
  if (!checked) {
    return std::move(checked).error();
  }
  const bool is_path = key.type == key_type::path || key.type == key_type::paths;
  return is_path ? absolute_path(context_.folder, value) : value;
}

result<std::uint64_t> section_reader::read_number(const key_facts &key, const toml::node &node) const {
  std::uint64_t value = 0;
  if (const auto *const text = node.as_string(); key.type == key_type::bytes && text != nullptr) {
    result<std::uint64_t> bytes = parse_bytes(text->get());
    if (!bytes) {
      return wrong("is not a size", std::string(bytes.error().remedy_text()));
    }
    value = *bytes;
  } else if (const auto *const number = node.as_integer(); number != nullptr && number->get() >= 0) {
    value = static_cast<std::uint64_t>(number->get());
  } else {
    return wrong_type(key, key.type == key_type::bytes ? "\"32MiB\", in quotes" : "2, without quotes");
  }
  if (key.max != 0 && (value < key.min || value > key.max)) {
    return wrong(value < key.min ? "is too small" : "is too large", "choose a value within the limits");
  }
  return value;
}

setting<std::string> section_reader::text(std::string_view key) {
  const key_facts &row = facts(key);
  const std::string fallback(row.fallback);
  const toml::node *const node = find(row);
  if (node == nullptr) {
    return defaulted(fallback);
  }
  result<std::string> value = read_text(row, *node);
  if (!value) {
    complain(row, *node, value.error());
    return defaulted(fallback);
  }
  return {std::move(*value), context_.at(*node), true};
}

setting<std::uint64_t> section_reader::number(std::string_view key) {
  const key_facts &row = facts(key);
  const std::uint64_t fallback = row.fallback.empty() ? 0 : parse_bytes(row.fallback).value();
  const toml::node *const node = find(row);
  if (node == nullptr) {
    return defaulted(fallback);
  }
  result<std::uint64_t> value = read_number(row, *node);
  if (!value) {
    complain(row, *node, value.error());
    return defaulted(fallback);
  }
  return {*value, context_.at(*node), true};
}

setting<bool> section_reader::flag(std::string_view key) {
  const key_facts &row = facts(key);
  const bool fallback = row.fallback == "true";
  const toml::node *const node = find(row);
  if (node == nullptr) {
    return defaulted(fallback);
  }
  const auto *const value = node->as_boolean();
  if (value == nullptr) {
    complain(row, *node, wrong("must be true or false", "write true or false, without quotes"));
    return defaulted(fallback);
  }
  return {value->get(), context_.at(*node), true};
}

setting<std::vector<std::string>> section_reader::list(std::string_view key) {
  const key_facts &row = facts(key);
  setting<std::vector<std::string>> made = defaulted(std::vector<std::string>{});
  const toml::node *const node = find(row);
  if (node == nullptr) {
    return made;
  }
  const toml::array *const items = node->as_array();
  if (items == nullptr) {
    complain(row, *node, wrong_type(row, "[\"n1\", \"n2\"]"));
    return made;
  }
  made.where = context_.at(*node);
  made.is_set = true;
  for (const toml::node &item : *items) {
    result<std::string> value = read_text(row, item);
    if (!value) {
      complain(row, item, value.error());
    } else if (std::ranges::find(made.value, *value) != made.value.end()) {
      complain(row, item, wrong("names the same thing twice", "remove one of the two"));
    } else {
      made.value.push_back(std::move(*value));
    }
  }
  return made;
}

std::vector<raw_param> section_reader::params(std::string_view key) {
  const key_facts &row = facts(key);
  std::vector<raw_param> made;
  const toml::node *const node = find(row);
  if (node == nullptr) {
    return made;
  }
  const toml::table *const table = node->as_table();
  if (table == nullptr) {
    complain(row, *node, wrong_type(row, fmt::format("[{}.params]", section_)));
    return made;
  }
  for (const auto &[name, value] : *table) {
    raw_param param{std::string(name.str()), {}, context_.at(value)};
    if (const auto *const flag = value.as_boolean(); flag != nullptr) {
      param.value = flag->get();
    } else if (const auto *const number = value.as_integer(); number != nullptr) {
      param.value = number->get();
    } else if (const auto *const real = value.as_floating_point(); real != nullptr) {
      param.value = real->get();
    } else if (const auto *const text = value.as_string(); text != nullptr) {
      param.value = text->get();
    } else {
      complain(row, value,
               wrong(fmt::format("value of \"{}\" has a type that no parameter has", name.str()),
                     "write a text, a number, true or false"));
      continue;
    }
    made.push_back(std::move(param));
  }
  return made;
}

std::map<std::string, setting<std::string>> section_reader::texts(std::string_view key) {
  const key_facts &row = facts(key);
  std::map<std::string, setting<std::string>> made;
  const toml::node *const node = find(row);
  const toml::table *const table = node == nullptr ? nullptr : node->as_table();
  if (node != nullptr && table == nullptr) {
    complain(row, *node, wrong_type(row, "{ \"org.outsize.tcp\" = \"…\" }"));
  }
  if (table == nullptr) {
    return made;
  }
  for (const auto &[name, value] : *table) {
    const auto *const text = value.as_string();
    if (text == nullptr) {
      complain(row, value, wrong(fmt::format("value of \"{}\" must be a text", name.str()), "write it in quotes"));
      continue;
    }
    made.emplace(std::string(name.str()), setting<std::string>{text->get(), context_.at(value), true});
  }
  return made;
}

void section_reader::finish() {
  if (table_ == nullptr) {
    return;
  }
  std::vector<std::string_view> known;
  for (const key_facts &row : keys_of(section_)) {
    known.push_back(row.name);
  }
  for (const auto &[name, value] : *table_) {
    if (std::ranges::find(known, name.str()) != known.end()) {
      continue;
    }
    const std::string_view nearest = nearest_name(name.str(), known);
    context_.complain({context_.file, name.source().begin.line},
                      fmt::format("unknown key \"{}\" in [{}]", name.str(), section_), "", "",
                      nearest.empty() ? fmt::format("remove it; docs/configuration.md lists the keys of [{}]", section_)
                                      : fmt::format("write \"{}\", or remove it", nearest));
  }
}

} // namespace outsize::host
