// What lies on the search path: every plugin file, loaded by the same rules as for use, or the reason why not.
//
// Thread rule: one thread at a time. This runs code of every file found; it is for `outsize plugin list` and `--check`
// of an operator who asked for it, never for a daemon's start, which loads only what its config names.
#pragma once

#include "module_info.hpp"
#include "registry.hpp"

#include <outsize/result.hpp>

#include <filesystem>
#include <vector>

namespace outsize::host {

struct plugin_listing {
  std::filesystem::path file;
  result<const module_info *> module; ///< lives as long as the registry
};

std::vector<plugin_listing> survey_plugins(registry &modules);

} // namespace outsize::host
