// The system as a test wants it. The plugin's sources are linked into the test with --wrap, so that what they ask of
// the system comes through here: it can fail, write less, be watched, or end the process.
//
// Thread rule: set up by one thread; calls may come from any afterwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

namespace outsize::blob_file::test {

struct bent_system {
  /// Asked before each call: an errno that it fails with, 0 to let it through.
  std::function<int(std::string_view call)> fail;
  /// After an fsync that went through.
  std::function<void(int fd)> synced;
  /// Before a linkat, with what it would link.
  std::function<void(int folder, const char *name)> linking;
  std::size_t write_bytes_max = SIZE_MAX;
};

/// Straight again at the end of its scope.
class bend {
public:
  bend();
  bend(const bend &) = delete;
  bend &operator=(const bend &) = delete;
  ~bend();
  bent_system *operator->() { return &system_; }

private:
  bent_system system_;
};

} // namespace outsize::blob_file::test
