#include "space.hpp"

#include <sys/statvfs.h>

#include <algorithm>

namespace outsize::blob_file {
namespace {

/// Nothing when the file system cannot tell, as some that live on a network do.
std::optional<std::uint64_t> free_on_disk(int folder) {
  struct statvfs facts{};
  if (::fstatvfs(folder, &facts) != 0 || facts.f_blocks == 0) {
    return std::nullopt;
  }
  return std::uint64_t{facts.f_bavail} * facts.f_frsize;
}

} // namespace

claim::~claim() {
  if (of_ != nullptr) {
    of_->give_back(bytes_);
  }
}

void claim::wrote(std::uint64_t bytes) {
  of_->give_back(bytes);
  bytes_ -= bytes;
}

result<claim> space::take(std::uint64_t bytes, const std::string &subject) {
  const std::lock_guard lock(mutex_);
  const std::optional<std::uint64_t> free = free_beside(claimed_bytes_);
  if (free && bytes > *free) {
    return make_error(code::disk_full,
                      subject + ": " + std::to_string(bytes) + " bytes do not fit, " + std::to_string(*free) +
                          " are free beside the reserve of " + std::to_string(reserve_bytes_) + " and " +
                          std::to_string(claimed_bytes_) + " of uploads under way",
                      "make room on the disk; the store goes on by itself");
  }
  claimed_bytes_ += bytes;
  return claim(this, bytes);
}

std::optional<std::uint64_t> space::free_bytes() const {
  const std::lock_guard lock(mutex_);
  return free_beside(claimed_bytes_);
}

void space::give_back(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  claimed_bytes_ -= bytes;
}

std::optional<std::uint64_t> space::free_beside(std::uint64_t claimed_bytes) const {
  const std::optional<std::uint64_t> on_disk = free_on_disk(folder_);
  if (!on_disk) {
    return std::nullopt;
  }
  const std::uint64_t beside_reserve = *on_disk - std::min(*on_disk, reserve_bytes_);
  return beside_reserve - std::min(beside_reserve, claimed_bytes);
}

} // namespace outsize::blob_file
