// The bytes of a plugin file in sealed memory: what was hashed is what gets loaded, whatever happens to the file.
//
// Thread rule: one thread at a time.
#pragma once

#include "trusted_file.hpp"

#include <outsize/result.hpp>

#include <filesystem>
#include <string>
#include <utility>

namespace outsize::host {

/// A memory file with every seal set, named `<file>-<first 8 digits of its digest>` for maps, perf and gdb.
///
/// glibc knows libraries by name: were the descriptor closed and its number used again, loading another plugin would
/// hand out this one's code. So a descriptor that was loaded from is never closed (keep_for_ever).
class sealed_image {
public:
  /// Error: plugin_refused; where the kernel forbids executable memory files it names the setting.
  static result<sealed_image> make(const trusted_file &file);

  sealed_image(sealed_image &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  sealed_image &operator=(sealed_image &&other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~sealed_image();

  /// Where to load from; good until destruction, or for ever after keep_for_ever.
  [[nodiscard]] std::filesystem::path path() const;
  /// To be called as soon as the loader has seen path().
  void keep_for_ever() { fd_ = -1; }

private:
  explicit sealed_image(int fd) : fd_(fd) {}
  int fd_;
};

} // namespace outsize::host
