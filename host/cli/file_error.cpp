#include "file_error.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace outsize::host {
namespace {

struct meaning {
  code why;
  std::string_view remedy;
};

meaning meaning_of(int number) {
  switch (number) {
  case ENOENT:
    return {code::not_found, "check the path"};
  case EACCES:
  case EPERM:
  case EROFS:
    return {code::permission_denied, "correct the owner or mode, or run as a user who may"};
  case ENOSPC:
  case EDQUOT:
    return {code::disk_full, "free space, or choose a folder on another disk"};
  case EIO:
    return {code::storage_failed, "check the disk"};
  case EISDIR:
    return {code::invalid_argument, "name its files, or append one stream: tar -cf - FOLDER | outsize append LOG"};
  default:
    return {code::invalid_argument, "check the path"};
  }
}

} // namespace

error file_error(const std::string &file, std::string_view what, int number) {
  const meaning found = meaning_of(number);
  error made = make_error(found.why, fmt::format("\"{}\" cannot be {}: {}", file, what, std::strerror(number)),
                          std::string(found.remedy));
  made.peer = file;
  return made;
}

} // namespace outsize::host
