// A small disk of a process's own, for tests of what happens when a disk is full.
//
// Thread rule: mount_own_disk before the process has a second thread; write_ballast on any.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdint>
#include <string>

namespace outsize::suite {

/// Exit status of a program that may not mount: its test has nothing to say then.
inline constexpr int mounting_not_permitted = 77;

/// Puts an empty disk of so many MiB in the place of `directory`, which must exist. Only this process and its children
/// see it, and it goes with them. False when mounting is not permitted.
inline bool mount_own_disk(const std::string &directory, std::uint32_t mebibytes) {
  const bool apart = ::unshare(CLONE_NEWNS) == 0 || ::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
  const std::string size = "size=" + std::to_string(mebibytes) + "m";
  return apart && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("tmpfs", directory.c_str(), "tmpfs", 0, size.c_str()) == 0;
}

/// Takes room away: a file of so many bytes, which are all there. False when they are not to be had.
inline bool write_ballast(const std::string &path, std::uint64_t bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return false;
  }
  const bool there = ::posix_fallocate(fd, 0, static_cast<off_t>(bytes)) == 0;
  return ::close(fd) == 0 && there;
}

} // namespace outsize::suite
