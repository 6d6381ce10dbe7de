// Whether one component of a module keeps its contract: names, function table, parameters.
//
// Thread rule: pure functions; any thread.
#pragma once

#include "module_info.hpp"

#include <outsize/abi/module.h>
#include <outsize/result.hpp>

namespace outsize::host {

/// Checks and copies one component. The function table of a known kind must have every entry that the contract
/// requires; a table may be longer than this host knows. Parameters must be named, documented and of a known type,
/// with defaults that parse and keep their own bounds. Error: plugin_refused; its text does not name the file.
result<component_info> check_component(const outsize_component &component);

} // namespace outsize::host
