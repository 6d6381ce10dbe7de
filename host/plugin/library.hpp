// A plugin's code in this process: loaded once from a sealed image, never unloaded.
//
// Thread rule: one thread at a time; loads must not run beside each other.
#pragma once

#include "trusted_file.hpp"

#include <outsize/abi/module.h>
#include <outsize/result.hpp>

namespace outsize::host {

/// Loads `file` and asks it for its module record, which lives as long as the process. Every symbol is bound at once
/// and none is shared with others. Error: plugin_refused with what the loader said: not a library, a symbol that
/// nobody defines, no outsize_module_v1. The module record itself is not looked at.
///
/// Loading runs the file's static initialisers. One that throws ends the process, one that hangs holds up the start.
result<const outsize_module *> load_library(const trusted_file &file);

} // namespace outsize::host
