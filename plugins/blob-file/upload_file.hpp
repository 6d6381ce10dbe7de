// A file in `uploads` on its way to become a blob.
//
// Its process holds a lock on it (flock) for as long as it is open, and the kernel lets go of the lock when the process
// ends in whatever way. So a file whose lock is free belongs to nobody: that is how leftovers are told from the uploads
// of other live processes that use the same directory. Where locks do not reach every machine that mounts the
// directory, the age of a leftover has to tell.
//
// Thread rule: distinct objects may be used from any thread.
#pragma once

#include "descriptor.hpp"
#include "place.hpp"

#include <outsize/result.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

namespace outsize::blob_file {

/// All functions leave errno for what they answer false about.
class upload_file {
public:
  upload_file() = default;
  upload_file(upload_file &&other) noexcept;
  upload_file &operator=(upload_file &&other) noexcept;
  /// Removes the name in `uploads`, if there still is one.
  ~upload_file();

  /// An empty file of mode 0600 with its lock. `random` names it. Not open: errno says why.
  static upload_file make(const place &in, const std::function<std::uint64_t()> &random);

  [[nodiscard]] bool is_open() const { return file_.is_open(); }
  /// False also when the disk took only a part of it.
  bool write(std::span<const std::uint8_t> bytes);
  /// Every byte written is durable.
  bool sync();
  /// Gives the file the name `name` in `folder`, in one step and only if nothing has that name: EEXIST.
  bool link_as(int folder, const std::string &name);
  /// False when somebody has removed the name in `uploads`.
  [[nodiscard]] bool has_name() const;
  /// Wall clock of the file system at the last write.
  [[nodiscard]] std::chrono::nanoseconds modified() const;

private:
  int uploads_ = -1; ///< of the place, which outlives this
  std::string name_;
  descriptor file_;
};

struct leftovers {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

/// Removes what no live process holds and nobody has written to for `age_min` before `now`, which is of the file
/// system's clock. Whatever cannot be looked at stays.
leftovers remove_leftovers(const place &in, std::chrono::nanoseconds now, std::chrono::nanoseconds age_min);

} // namespace outsize::blob_file
