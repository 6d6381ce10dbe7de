#include "module_check.hpp"

#include "c_text.hpp"
#include "component_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <optional>
#include <regex>
#include <utility>

namespace outsize::host {
namespace {

/// What the records had in ABI 1.0: the least that a plugin of any minor version brings.
constexpr std::size_t module_bytes_min = offsetof(outsize_module, components) + sizeof(outsize_module::components);
constexpr std::size_t component_bytes_min = offsetof(outsize_component, params) + sizeof(outsize_component::params);

error file_refused(const std::string &file, std::string_view fault, std::string remedy) {
  return make_error(code::plugin_refused, fmt::format("plugin file {}: {}", file, fault), std::move(remedy));
}

std::optional<error> wrong_record(const outsize_module *module, const std::string &file) {
  if (module == nullptr) {
    return file_refused(file, "outsize_module_v1 returned no module record", "report it to the plugin's vendor");
  }
  if (!OUTSIZE_REACHES(module, magic) || module->magic != OUTSIZE_MODULE_MAGIC) {
    return file_refused(file, "its module record does not begin with the magic number of an Outsize plugin",
                        "build it with OUTSIZE_MODULE from the installed sdk");
  }
  return std::nullopt;
}

std::optional<error> wrong_abi(const outsize_module *module, const std::string &file, host_abi host) {
  if (module->abi_major != host.major) {
    return file_refused(
        file,
        fmt::format("it was built for plugin ABI {}.x, this host speaks {}.{}", module->abi_major, host.major,
                    host.minor),
        fmt::format("rebuild it against an sdk of ABI {}, or run a host of ABI {}", host.major, module->abi_major));
  }
  if (!OUTSIZE_REACHES(module, components)) {
    return file_refused(file,
                        fmt::format("its module record has {} bytes, fewer than the {} of ABI {}.0",
                                    module->struct_size, module_bytes_min, host.major),
                        "set struct_size to sizeof(outsize_module)");
  }
  if (module->min_host_minor > host.minor) {
    return file_refused(file,
                        fmt::format("it needs a host of plugin ABI {}.{} or newer, this host speaks {}.{}", host.major,
                                    module->min_host_minor, host.major, host.minor),
                        "upgrade the host, or use an older release of the plugin");
  }
  return std::nullopt;
}

module_info copied(const outsize_module *module, const std::string &file) {
  module_info made;
  made.file = file;
  made.id = text_or_empty(module->id);
  made.name = text_or_empty(module->name);
  made.vendor = text_or_empty(module->vendor);
  made.version = text_or_empty(module->version);
  made.license = text_or_empty(module->license);
  made.build_id = text_or_empty(module->build_id);
  made.abi_major = module->abi_major;
  made.abi_minor = module->abi_minor;
  made.min_host_minor = module->min_host_minor;
  return made;
}

bool is_reverse_dns(const std::string &id) {
  static const std::regex pattern("[a-z][a-z0-9-]*(\\.[a-z0-9][a-z0-9-]*)+");
  return std::regex_match(id, pattern);
}

bool is_semantic_version(const std::string &version) {
  static const std::regex pattern("(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)"
                                  "(-[0-9A-Za-z-]+(\\.[0-9A-Za-z-]+)*)?(\\+[0-9A-Za-z-]+(\\.[0-9A-Za-z-]+)*)?");
  return std::regex_match(version, pattern);
}

std::optional<error> wrong_identity(const module_info &module) {
  if (!is_reverse_dns(module.id)) {
    return file_refused(module.file, fmt::format("its id \"{}\" is no reverse-DNS name", module.id),
                        "name it after a domain of yours, for instance org.example.pigeon");
  }
  if (!is_semantic_version(module.version)) {
    return file_refused(module.file, fmt::format("its version \"{}\" is no semantic version", module.version),
                        "write it as MAJOR.MINOR.PATCH, for instance 1.0.0");
  }
  const std::array fields = {std::pair("name", &module.name), std::pair("vendor", &module.vendor),
                             std::pair("license", &module.license)};
  for (const auto &[what, value] : fields) {
    if (value->empty()) {
      return file_refused(module.file, fmt::format("its {} is empty", what), "fill it in in OUTSIZE_MODULE");
    }
  }
  return std::nullopt;
}

/// The records of the module, at the module's own stride.
const outsize_component &component_at(const outsize_module *module, std::uint32_t index) {
  const auto *first = reinterpret_cast<const char *>(module->components);
  return *reinterpret_cast<const outsize_component *>(first + std::size_t{index} * module->component_bytes);
}

std::optional<error> add_components(const outsize_module *module, module_info &to) {
  if (module->component_count == 0 || module->components == nullptr) {
    return file_refused(to.file, "it has no components", "list what it provides in OUTSIZE_MODULE");
  }
  if (module->component_bytes < component_bytes_min) {
    return file_refused(to.file,
                        fmt::format("its component records have {} bytes, fewer than the {} of ABI {}.0",
                                    module->component_bytes, component_bytes_min, OUTSIZE_ABI_MAJOR),
                        "set component_bytes to sizeof(outsize_component)");
  }
  for (std::uint32_t i = 0; i < module->component_count; ++i) {
    result<component_info> checked = check_component(component_at(module, i));
    if (!checked) {
      return file_refused(to.file, checked.error().text, checked.error().remedy);
    }
    const bool known = std::ranges::any_of(to.components, [&](const component_info &other) {
      return other.kind == checked->kind && other.name == checked->name;
    });
    if (known) {
      return file_refused(to.file, fmt::format("it has two components {}", in_words(checked->kind, checked->name)),
                          "give each its own name");
    }
    to.components.push_back(*std::move(checked));
  }
  return std::nullopt;
}

} // namespace

result<module_info> check_module(const outsize_module *module, const std::string &file, host_abi host) {
  if (std::optional<error> why = wrong_record(module, file)) {
    return *std::move(why);
  }
  if (std::optional<error> why = wrong_abi(module, file, host)) {
    return *std::move(why);
  }
  module_info made = copied(module, file);
  if (std::optional<error> why = wrong_identity(made)) {
    return *std::move(why);
  }
  if (std::optional<error> why = add_components(module, made)) {
    return *std::move(why);
  }
  return made;
}

} // namespace outsize::host
