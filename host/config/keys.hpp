// Every key of the configuration file: its type, default, range and meaning. The reader takes defaults and ranges from
// here, docs/configuration.md is compared with it by a test.
//
// Thread rule: static data; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace outsize::host {

enum class key_type : std::uint8_t {
  text,
  name,    ///< of a node, cluster or log: letters, digits, '.', '_', '-'
  plugin,  ///< a name, or the absolute path of a file
  bytes,   ///< "32MiB"
  count,   ///< a whole number
  flag,    ///< true or false
  choice,  ///< one of `choices`
  path,    ///< absolute, or from the file's folder
  address, ///< scheme://…
  names,   ///< a list of names
  choices, ///< a list, each one of `choices`
  paths,   ///< a list of paths
  table,   ///< for somebody else to read: parameters, digests
};

struct key_facts {
  std::string_view section; ///< "node"; of [[section]] too
  std::string_view name;
  key_type type{};
  bool required = false;
  std::string_view fallback; ///< the default as one would write it; empty: nothing
  std::uint64_t min = 0;     ///< of bytes and count; both 0 = unbounded
  std::uint64_t max = 0;
  std::string_view choices; ///< joined by '|'
  std::string_view meaning;
};

struct section_facts {
  std::string_view name;
  bool repeated = false; ///< [[name]]
  bool required = false;
  std::string_view meaning;
};

std::span<const section_facts> config_sections();
std::span<const key_facts> config_keys();
std::vector<key_facts> keys_of(std::string_view section);

/// The parts of a row in the documentation.
std::string_view word_of(key_type type);
std::string default_of(const key_facts &key);
/// "4KiB to 1GiB", "all or replication", or empty.
std::string range_of(const key_facts &key);
/// "| `message-limit` | size | `32MiB` | 4KiB to 1GiB | meaning |"
std::string documentation_row(const key_facts &key);

} // namespace outsize::host
