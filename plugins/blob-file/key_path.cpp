#include "key_path.hpp"

#include <outsize/blob_call.hpp>

namespace outsize::blob_file {
namespace {

constexpr std::string_view file_ending = "+blob";
static_assert(OUTSIZE_BLOB_KEY_PART_BYTES_MAX + file_ending.size() <= 255, "the name of a file has 255 bytes at most");

} // namespace

key_path path_of(std::string_view key) {
  key_path made;
  for (std::size_t slash = key.find('/'); slash != std::string_view::npos; slash = key.find('/')) {
    made.folders.emplace_back(key.substr(0, slash));
    key.remove_prefix(slash + 1);
  }
  made.file = std::string(key) + std::string(file_ending);
  return made;
}

std::optional<std::string> key_part_of_file(std::string_view name) {
  if (!name.ends_with(file_ending)) {
    return std::nullopt;
  }
  name.remove_suffix(file_ending.size());
  return is_key_part(name) ? std::optional(std::string(name)) : std::nullopt;
}

bool is_key_part(std::string_view name) {
  return valid_blob_key(name) && name.find('/') == std::string_view::npos;
}

} // namespace outsize::blob_file
