// SIGTERM and SIGINT as something to read, instead of something that interrupts.
//
// Thread rule: made on the main thread before any other thread starts, so that all of them inherit the mask.
#pragma once

#include <outsize/result.hpp>

namespace outsize::host {

class stop_signals {
public:
  /// Blocks both signals and ignores SIGPIPE. Error: internal, with the kernel's word.
  static result<stop_signals> open();
  stop_signals(stop_signals &&other) noexcept;
  stop_signals &operator=(stop_signals &&other) noexcept;
  ~stop_signals();

  /// Readable when one has come.
  [[nodiscard]] int fd() const { return fd_; }
  /// The signal that has come, or 0.
  [[nodiscard]] int take();

private:
  explicit stop_signals(int fd) : fd_(fd) {}
  int fd_ = -1;
};

} // namespace outsize::host
