// Where a blob lies: `orders/12/7` is the file `7+blob` in the folder `orders/12`.
//
// The ending keeps files and folders apart, so that `orders` and `orders/12/7` can both be keys, and anything that this
// store did not make out of a listing. Keys have no '+', so no folder is ever called like a file.
//
// Thread rule: any thread; pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outsize::blob_file {

struct key_path {
  std::vector<std::string> folders; ///< from the folder of all blobs downwards
  std::string file;
};

/// Of a legal key.
key_path path_of(std::string_view key);

/// The last part of the key whose blob lies in a file of that name; nothing for any other file.
std::optional<std::string> key_part_of_file(std::string_view name);

/// True when the parts of a key may begin with a folder of that name.
bool is_key_part(std::string_view name);

} // namespace outsize::blob_file
