// Small files that are replaced as a whole: after a crash the old one is there, or the new one.
//
// Thread rule: any thread; one writer per path.
#pragma once

#include <outsize/result.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace outsize::host {

/// Appended to a path while its new content is written.
inline constexpr const char *temporary_suffix = ".new";

/// The file's bytes; nothing when there is no such file; permission_denied or storage_failed when it cannot be read.
result<std::optional<std::string>> read_file(const std::string &path);

/// Writes beside it, syncs, renames over it, syncs the folder. On failure the old content is still there.
result<void> replace_file(const std::string &path, std::string_view bytes);

/// Makes creations, renames and removals in the folder durable. An empty path is the current directory.
result<void> sync_directory(const std::string &path);

} // namespace outsize::host
