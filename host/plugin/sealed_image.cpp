#include "sealed_image.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <span>
#include <system_error>

#ifndef MFD_EXEC // Linux 6.3; the headers may be older than the kernel
#define MFD_EXEC 0x0010U
#endif

namespace outsize::host {
namespace {

/// Since Linux 6.3 a memory file has to ask for the right to be executed; older kernels do not know the flag.
int executable_memory(const std::string &name) {
  const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  const int fd = ::memfd_create(name.c_str(), flags | MFD_EXEC);
  return fd < 0 && errno == EINVAL ? ::memfd_create(name.c_str(), flags) : fd;
}

error memory_refused(const trusted_file &file, int number) {
  if (number == EACCES || number == EPERM) {
    return make_error(code::plugin_refused,
                      fmt::format("plugin file {} cannot be loaded: the kernel forbids executable memory files "
                                  "(sysctl vm.memfd_noexec)",
                                  file.path.string()),
                      "set vm.memfd_noexec to 0 or 1 for this machine or container");
  }
  return make_error(code::plugin_refused,
                    fmt::format("plugin file {} cannot be copied to memory: {}", file.path.string(),
                                std::system_category().message(number)),
                    "give the process more memory or descriptors");
}

bool write_all(int fd, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) {
      continue;
    }
    if (put < 0) {
      return false;
    }
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  return true;
}

} // namespace

result<sealed_image> sealed_image::make(const trusted_file &file) {
  // The kernel takes names of up to 249 bytes.
  const std::string name = fmt::format("{:.200}-{:.8}", file.path.filename().string(), file.sha256);
  const int fd = executable_memory(name);
  if (fd < 0) {
    return memory_refused(file, errno);
  }
  sealed_image made(fd);
  if (!write_all(fd, file.bytes) ||
      ::fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0) {
    return memory_refused(file, errno);
  }
  return made;
}

sealed_image::~sealed_image() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

std::filesystem::path sealed_image::path() const {
  return fmt::format("/proc/self/fd/{}", fd_);
}

} // namespace outsize::host
