// Room on the disk: what is free beside the reserve and beside what uploads under way have announced and not written.
//
// Thread rule: any thread.
#pragma once

#include <outsize/result.hpp>

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace outsize::blob_file {

class space;

/// Bytes that one upload may still write; the rest is given back at its end. Ends before its space.
class claim {
public:
  claim() = default;
  claim(space *of, std::uint64_t bytes) : of_(of), bytes_(bytes) {}
  claim(claim &&other) noexcept : of_(std::exchange(other.of_, nullptr)), bytes_(other.bytes_) {}
  claim &operator=(claim &&other) noexcept {
    std::swap(of_, other.of_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~claim();

  /// They are the file system's to count from now on. At most what is left of the claim.
  void wrote(std::uint64_t bytes);

private:
  space *of_ = nullptr;
  std::uint64_t bytes_ = 0;
};

class space {
public:
  /// `folder` is open as long as this lives.
  space(int folder, std::uint64_t reserve_bytes) : folder_(folder), reserve_bytes_(reserve_bytes) {}

  /// disk_full when they do not fit; `subject` begins the text. A file system that cannot tell takes everything.
  result<claim> take(std::uint64_t bytes, const std::string &subject);

  /// What take would grant; nothing when the file system cannot tell.
  [[nodiscard]] std::optional<std::uint64_t> free_bytes() const;

private:
  friend class claim;
  void give_back(std::uint64_t bytes);
  [[nodiscard]] std::optional<std::uint64_t> free_beside(std::uint64_t claimed_bytes) const;

  const int folder_;
  const std::uint64_t reserve_bytes_;
  mutable std::mutex mutex_;
  std::uint64_t claimed_bytes_ = 0; // guarded by mutex_
};

} // namespace outsize::blob_file
