#include "folder_tree.hpp"

#include <fcntl.h>
#include <sys/stat.h>

namespace outsize::blob_file {
namespace {

/// Far more segments than a node writes to. What is forgotten is synced once more.
constexpr std::size_t remembered_max = 10'000;

descriptor open_in(int above, const std::string &name) {
  return descriptor(::openat(above, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

descriptor open_or_make(int above, const std::string &name) {
  descriptor found = open_in(above, name);
  if (found.is_open() || errno != ENOENT) {
    return found;
  }
  if (::mkdirat(above, name.c_str(), 0700) != 0 && errno != EEXIST) {
    return {};
  }
  return open_in(above, name);
}

ino_t inode_of(const descriptor &folder) {
  struct stat facts{};
  return ::fstat(folder.get(), &facts) == 0 ? facts.st_ino : 0;
}

} // namespace

descriptor folder_tree::open(const std::vector<std::string> &folders) const {
  descriptor at(::fcntl(root_, F_DUPFD_CLOEXEC, 0));
  for (const std::string &name : folders) {
    if (!at.is_open()) {
      break;
    }
    at = open_in(at.get(), name);
  }
  return at;
}

descriptor folder_tree::make(const std::vector<std::string> &folders) {
  descriptor at(::fcntl(root_, F_DUPFD_CLOEXEC, 0));
  std::string path;
  for (const std::string &name : folders) {
    if (!at.is_open()) {
      break;
    }
    path += "/" + name;
    descriptor next = open_or_make(at.get(), name);
    if (next.is_open() && !is_durable(path, next)) {
      if (::fsync(at.get()) != 0) {
        return {};
      }
      remember(path, next);
    }
    at = std::move(next);
  }
  return at;
}

bool folder_tree::is_durable(const std::string &path, const descriptor &folder) const {
  const ino_t inode = inode_of(folder);
  const std::lock_guard lock(mutex_);
  const auto found = durable_.find(path);
  return found != durable_.end() && found->second == inode; // another inode: somebody removed the folder meanwhile
}

void folder_tree::remember(const std::string &path, const descriptor &folder) {
  const ino_t inode = inode_of(folder);
  const std::lock_guard lock(mutex_);
  if (durable_.size() >= remembered_max) {
    durable_.clear();
  }
  durable_[path] = inode;
}

} // namespace outsize::blob_file
