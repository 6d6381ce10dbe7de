// What the kernel says about a file, as an error: the same codes and remedies for files that are appended and files
// that are written.
//
// Thread rule: pure function; any thread.
#pragma once

#include <outsize/result.hpp>

#include <string>
#include <string_view>

namespace outsize::host {

/// `what` was to be done with it: "opened", "written". `number` is the errno. Codes: not_found, permission_denied,
/// disk_full, storage_failed (the disk itself failed), otherwise invalid_argument. The file is the error's peer: a
/// problem's place.
error file_error(const std::string &file, std::string_view what, int number);

} // namespace outsize::host
