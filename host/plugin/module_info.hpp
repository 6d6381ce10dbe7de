// What a module says about itself, checked and copied out of the plugin's memory.
//
// Thread rule: plain values, read only once they are made.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outsize::host {

/// A declared parameter; see outsize_param for the fields.
struct param_info {
  std::string name;
  std::uint32_t type = 0;
  std::uint32_t flags = 0;
  std::optional<std::string> default_text; ///< nothing: the operator has to set it
  std::string documentation;
  std::int64_t number_min = 0;
  std::int64_t number_max = 0; ///< both 0: unbounded
  std::vector<std::string> choices;

  [[nodiscard]] bool is_bounded() const { return number_min != 0 || number_max != 0; }
};

struct component_info {
  std::string kind; ///< OUTSIZE_TRANSPORT_KIND and the like; one that this host does not know is listed, not used
  std::string name;
  std::string documentation;
  std::vector<std::string> schemes; ///< address schemes, for transports
  std::vector<param_info> params;
  const void *api = nullptr;
};

struct module_info {
  std::string file; ///< canonical path, or what a built-in module is called
  std::string sha256;
  std::string id;
  std::string name;
  std::string vendor;
  std::string version;
  std::string license;
  std::string build_id;
  std::uint32_t abi_major = 0;
  std::uint32_t abi_minor = 0;
  std::uint32_t min_host_minor = 0;
  std::vector<component_info> components;
};

/// "transport", "size-policy", "blob-store"; the kind itself when this host does not know it.
std::string_view short_kind(std::string_view kind);

/// `size policy "reject"`: a component in a message.
std::string in_words(std::string_view kind, std::string_view name);

} // namespace outsize::host
