// From a configuration to plugins that are loaded, checked and have their parameters: everything short of opening them.
//
// Thread rule: one thread. Outlives every instance made from it.
#pragma once

#include "host/config/config.hpp"
#include "host/plugin/open.hpp"
#include "host/plugin/param_values.hpp"
#include "host/plugin/registry.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace outsize::host {

/// A component with the parameters that one section of the file gives it.
struct prepared_component {
  const component_info *component = nullptr;
  param_values params;
};

struct preparation {
  explicit preparation(const config &from);
  preparation(const preparation &) = delete;
  preparation &operator=(const preparation &) = delete;

  registry modules;
  /// In the order of the file's sections. Complete only without problems.
  std::vector<prepared_component> transports;
  std::vector<prepared_component> size_policies;
  std::vector<prepared_component> blob_stores;
  std::vector<problem> problems;
  std::vector<std::string> warnings; ///< deprecated parameters that are set
};

/// "zeromq+tcp" of "zeromq+tcp://127.0.0.1:7101".
std::string_view scheme_of(std::string_view address);
bool serves(const component_info &transport, std::string_view address);

/// Where this program's plugins are, seen from its folder: `../lib/outsize` when it was built, `../lib/outsize/plugins`
/// when it was installed. Those that exist; the first when neither does.
std::vector<std::filesystem::path> plugin_folders_of_program();

/// The file's search path, or the folders beside the program.
registry::options plugin_options(const config &from);

/// Where the node listens: as the file says, and in memory wherever it has a transport for that.
std::vector<std::string> listen_addresses(const config &from, const preparation &with);

/// How this node reaches `peer`: by the file, but itself in memory when it can.
std::string address_of(const config &from, const preparation &with, const peer_config &peer);

} // namespace outsize::host
