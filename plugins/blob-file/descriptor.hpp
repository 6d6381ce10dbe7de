// An open file or folder, closed at the end of its scope.
//
// Thread rule: one thread at a time.
#pragma once

#include <cerrno>
#include <unistd.h>
#include <utility>

namespace outsize::blob_file {

class descriptor {
public:
  descriptor() = default;
  explicit descriptor(int fd) : fd_(fd) {}
  descriptor(descriptor &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  descriptor &operator=(descriptor &&other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  /// Leaves errno alone, so that a failure can still be told after the scope has ended.
  ~descriptor() {
    if (fd_ >= 0) {
      const int kept = errno;
      ::close(fd_);
      errno = kept;
    }
  }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  /// For whoever closes it from now on.
  int release() { return std::exchange(fd_, -1); }

private:
  int fd_ = -1;
};

} // namespace outsize::blob_file
