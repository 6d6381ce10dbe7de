#include "bent_system.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>

namespace outsize::blob_file::test {
namespace {

bent_system *in_force = nullptr;

/// True, with errno set, when the call has to fail.
bool refused(std::string_view call) {
  const int number = in_force != nullptr && in_force->fail ? in_force->fail(call) : 0;
  if (number != 0) {
    errno = number;
  }
  return number != 0;
}

mode_t mode_of(int flags, va_list rest) {
  return (flags & O_CREAT) != 0 ? static_cast<mode_t>(va_arg(rest, int)) : 0;
}

} // namespace

bend::bend() {
  in_force = &system_;
}

bend::~bend() {
  in_force = nullptr;
}

} // namespace outsize::blob_file::test

using outsize::blob_file::test::in_force;
using outsize::blob_file::test::mode_of;
using outsize::blob_file::test::refused;

extern "C" {

int __real_open(const char *path, int flags, ...);
int __real_openat(int folder, const char *path, int flags, ...);
int __real_mkdir(const char *path, mode_t mode);
int __real_mkdirat(int folder, const char *path, mode_t mode);
int __real_flock(int fd, int operation);
int __real_fsync(int fd);
int __real_linkat(int from, const char *name, int to, const char *new_name, int flags);
int __real_unlinkat(int folder, const char *name, int flags);
int __real_fstatvfs(int fd, struct statvfs *facts);
ssize_t __real_write(int fd, const void *bytes, size_t size);
ssize_t __real_pread(int fd, void *bytes, size_t size, off_t from);

int __wrap_open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return refused("open") ? -1 : __real_open(path, flags, mode);
}

int __wrap_openat(int folder, const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return refused("openat") ? -1 : __real_openat(folder, path, flags, mode);
}

int __wrap_mkdir(const char *path, mode_t mode) {
  return refused("mkdir") ? -1 : __real_mkdir(path, mode);
}

int __wrap_mkdirat(int folder, const char *path, mode_t mode) {
  return refused("mkdirat") ? -1 : __real_mkdirat(folder, path, mode);
}

int __wrap_flock(int fd, int operation) {
  return refused("flock") ? -1 : __real_flock(fd, operation);
}

int __wrap_fsync(int fd) {
  if (refused("fsync") || __real_fsync(fd) != 0) {
    return -1;
  }
  if (in_force != nullptr && in_force->synced) {
    in_force->synced(fd);
  }
  return 0;
}

int __wrap_linkat(int from, const char *name, int to, const char *new_name, int flags) {
  if (in_force != nullptr && in_force->linking) {
    in_force->linking(from, name);
  }
  return refused("linkat") ? -1 : __real_linkat(from, name, to, new_name, flags);
}

int __wrap_unlinkat(int folder, const char *name, int flags) {
  return refused("unlinkat") ? -1 : __real_unlinkat(folder, name, flags);
}

int __wrap_fstatvfs(int fd, struct statvfs *facts) {
  return refused("fstatvfs") ? -1 : __real_fstatvfs(fd, facts);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t size) {
  const size_t most = in_force == nullptr ? size : std::min(size, in_force->write_bytes_max);
  return refused("write") ? -1 : __real_write(fd, bytes, most);
}

ssize_t __wrap_pread(int fd, void *bytes, size_t size, off_t from) {
  return refused("pread") ? -1 : __real_pread(fd, bytes, size, from);
}
}
