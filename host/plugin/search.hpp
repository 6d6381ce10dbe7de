// From what the operator wrote after `plugin =` to one file.
//
// Thread rule: pure but for the file system; any thread.
#pragma once

#include <outsize/result.hpp>

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace outsize::host {

using search_path = std::span<const std::filesystem::path>;

/// "zeromq" is outsize-zeromq.so in one of the folders, and in one only; an absolute path is itself. Only names are
/// looked at, no file is opened, and no environment variable is read. Error: plugin_refused, naming the folders
/// searched and the nearest name, or both files.
result<std::filesystem::path> find_plugin(const std::string &plugin, search_path folders);

/// Every outsize-*.so of the folders, sorted by folder and name; a folder that cannot be read has none.
std::vector<std::filesystem::path> plugin_files(search_path folders);

/// "zeromq" of "/usr/lib/outsize/plugins/outsize-zeromq.so"; the stem when the file is named otherwise.
std::string plugin_name(const std::filesystem::path &file);

} // namespace outsize::host
