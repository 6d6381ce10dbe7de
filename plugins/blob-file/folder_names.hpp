// The names in a folder.
//
// Thread rule: any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace outsize::blob_file {

/// All but "." and "..", in no order. Nothing when they cannot be read: errno says why.
std::optional<std::vector<std::string>> names_in(int folder);

} // namespace outsize::blob_file
