#include "file_error.hpp"

#include <cerrno>
#include <system_error>

namespace outsize::blob_file {
namespace {

code code_of_reading(int number) {
  switch (number) {
  case ENOENT:
    return code::blob_missing;
  case ELOOP:
  case ENOTDIR:
  case EISDIR:
  case EBADMSG: // what file systems with checksums answer
  case EUCLEAN:
  case EILSEQ:
    return code::blob_corrupt;
  default:
    return code::blob_unavailable;
  }
}

code code_of_writing(int number) {
  switch (number) {
  case ENOSPC:
  case EDQUOT:
    return code::disk_full;
  case ELOOP:
  case ENOTDIR:
  case EISDIR:
    return code::blob_denied;
  default:
    return code::blob_unavailable;
  }
}

code code_of(during what, int number) {
  if (number == EACCES || number == EPERM || number == EROFS) {
    return code::blob_denied;
  }
  return what == during::reading ? code_of_reading(number) : code_of_writing(number);
}

std::string remedy_of(int number) {
  switch (number) {
  case ELOOP:
  case ENOTDIR:
  case EISDIR:
    return "something that this store did not make is in the way, a symbolic link for instance: look at it, then "
           "remove it";
  case EMFILE:
  case ENFILE:
    return "raise the limit of open files of the node";
  default:
    return {};
  }
}

} // namespace

error file_error(during what, int number, const std::string &subject) {
  return make_error(code_of(what, number), subject + ": " + std::system_category().message(number), remedy_of(number));
}

} // namespace outsize::blob_file
