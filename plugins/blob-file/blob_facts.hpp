// What a file says of the blob in it.
//
// Thread rule: any thread; pure function.
#pragma once

#include <outsize/blob_call.hpp>

#include <sys/stat.h>

namespace outsize::blob_file {

inline blob_info info_of(const struct stat &facts) {
  return {static_cast<std::uint64_t>(facts.st_size), static_cast<std::uint64_t>(facts.st_mtim.tv_sec)};
}

} // namespace outsize::blob_file
