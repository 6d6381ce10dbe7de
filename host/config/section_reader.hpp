// Reads one section of a configuration file against its rows in the table of keys: types, units, ranges, defaults, and
// at the end what nobody asked for.
//
// Only for config.cpp: it is the one header of ours that shows toml++.
//
// Thread rule: one thread.
#pragma once

#include "host/config/config.hpp"
#include "host/config/keys.hpp"

#include <outsize/result.hpp>

#include <toml++/toml.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace outsize::host {

/// Where a problem goes and how the file is called.
struct reading_context {
  std::string file;
  std::string folder;
  std::vector<problem> problems;

  void complain(place where, std::string text, std::string value, std::string limit, std::string remedy);
  [[nodiscard]] place at(const toml::node &node) const;
};

/// The value of a key as the operator wrote it, for messages.
std::string written(const toml::node &node);

class section_reader {
public:
  /// `table` may be null (the section is missing): then every value is its default, and required keys are not missed.
  section_reader(const toml::table *table, std::string_view section, reading_context &context);

  /// Each looks up `key` in the table of keys; a wrong value is a problem, and the default is returned.
  setting<std::string> text(std::string_view key);     ///< text, name, choice, path, address
  setting<std::uint64_t> number(std::string_view key); ///< bytes, count
  setting<bool> flag(std::string_view key);
  setting<std::vector<std::string>> list(std::string_view key); ///< names, choices, paths
  std::vector<raw_param> params(std::string_view key);
  std::map<std::string, setting<std::string>> texts(std::string_view key);

  /// Complains about every key that is not in the table of keys.
  void finish();
  [[nodiscard]] const place &where() const { return where_; }

private:
  [[nodiscard]] const toml::node *find(const key_facts &key);
  [[nodiscard]] const key_facts &facts(std::string_view key) const;
  result<std::string> read_text(const key_facts &key, const toml::node &node) const;
  result<std::uint64_t> read_number(const key_facts &key, const toml::node &node) const;
  void complain(const key_facts &key, const toml::node &node, const error &why);
  template <class T> setting<T> defaulted(T value) const { return {std::move(value), where_, false}; }

  const toml::table *table_;
  std::string section_;
  reading_context &context_;
  place where_;
};

} // namespace outsize::host
