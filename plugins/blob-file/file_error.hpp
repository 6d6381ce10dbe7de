// What the system said, as an error of the blob store contract.
//
// Thread rule: any thread; pure functions.
#pragma once

#include <outsize/error.hpp>

#include <string>

namespace outsize::blob_file {

enum class during { reading, writing };

/// `subject` begins the text: a blob or a folder, and where it is. `number` is an errno.
///   reading: ENOENT is blob_missing; something else in the place of a file or folder, or bytes that the disk knows to
///            be wrong, is blob_corrupt
///   writing: no room or no quota is disk_full; something else in the place of a folder is blob_denied, because
///   somebody
///            has to take it away
///   both:    EACCES, EPERM and EROFS are blob_denied; all others are blob_unavailable
error file_error(during what, int number, const std::string &subject);

} // namespace outsize::blob_file
