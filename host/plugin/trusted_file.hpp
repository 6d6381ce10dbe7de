// A plugin file that may be run: who owns it, who could change it, and its bytes.
//
// Thread rule: pure but for the file system; any thread.
#pragma once

#include <outsize/result.hpp>

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace outsize::host {

/// What was read from the one descriptor that was checked; nothing is read by path a second time.
struct trusted_file {
  std::filesystem::path path; ///< canonical
  std::vector<std::uint8_t> bytes;
  std::string sha256; ///< of `bytes`, in lower case hex
  dev_t device = 0;
  ino_t inode = 0;
};

/// Reads a plugin file after these checks: the path is absolute; the file is a regular one and no symbolic link; it
/// belongs to root or `running_user` and only its owner may write to it; the same holds for every folder above it,
/// where a sticky folder of root's passes. Error: plugin_refused, naming file, fault and remedy.
result<trusted_file> read_trusted_file(const std::filesystem::path &path, uid_t running_user);

} // namespace outsize::host
