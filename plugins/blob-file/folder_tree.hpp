// The folders of keys below `blobs`: found name by name, never through a symbolic link, made when a blob needs them.
//
// A new folder is durable only when the folder above it has been synced, whoever made it. So each that is used for a
// blob is synced into the one above it once, and remembered; folders are never removed here, which keeps that true.
//
// Thread rule: any thread.
#pragma once

#include "descriptor.hpp"

#include <map>
#include <mutex>
#include <string>
#include <sys/types.h>
#include <vector>

namespace outsize::blob_file {

/// Functions that answer a closed descriptor leave errno.
class folder_tree {
public:
  /// `root` is open as long as this lives.
  explicit folder_tree(int root) : root_(root) {}

  [[nodiscard]] descriptor open(const std::vector<std::string> &folders) const;
  /// Makes what is missing, mode 0700. When it answers, every folder on the way is durable.
  descriptor make(const std::vector<std::string> &folders);

private:
  [[nodiscard]] bool is_durable(const std::string &path, const descriptor &folder) const;
  void remember(const std::string &path, const descriptor &folder);

  const int root_;
  mutable std::mutex mutex_;
  std::map<std::string, ino_t> durable_; // guarded by mutex_; by path below the root
};

} // namespace outsize::blob_file
