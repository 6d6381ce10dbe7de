// Buffers whose references are counted from outside, to see who holds them and when they are let go of.
//
// Thread rule: the count may be read and the buffers released on any thread.
#pragma once

#include <outsize/buffer.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace outsize::suite {

/// References handed out through make and not yet given back. Outlives its buffers' last release.
class reference_count {
public:
  /// A buffer over a copy of `bytes`, counted here.
  [[nodiscard]] buffer make(std::vector<std::uint8_t> bytes);

  [[nodiscard]] std::int64_t live() const { return count_->live.load(); }
  /// True when a reference was given back more often than it was taken.
  [[nodiscard]] bool over_released() const { return count_->over_released.load(); }

private:
  struct shared {
    std::atomic<std::int64_t> live{0};
    std::atomic<bool> over_released{false};
  };
  struct owner;
  static void retain(void *owner);
  static void release(void *owner);
  std::shared_ptr<shared> count_ = std::make_shared<shared>();
};

} // namespace outsize::suite
