// Plugins in words and in JSON: what `outsize plugin list`, `inspect` and `params` print.
//
// Thread rule: pure functions; any thread. Text ends in a newline; JSON is one object per line, each line ended.
#pragma once

#include "module_info.hpp"
#include "survey.hpp"

#include <span>
#include <string>

namespace outsize::host {

/// One line per component, then one per file that was refused, with the reason.
std::string plugin_list_text(std::span<const plugin_listing> plugins);
std::string plugin_list_json(std::span<const plugin_listing> plugins);

/// Identity, ABI numbers, digest and components of one module.
std::string plugin_inspect_text(const module_info &module);
std::string plugin_inspect_json(const module_info &module);

/// The parameters of every component: type, default, bounds, meaning.
std::string plugin_params_text(const module_info &module);
std::string plugin_params_json(const module_info &module);

} // namespace outsize::host
