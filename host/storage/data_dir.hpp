// A node's data directory: whose it is, and that nobody else uses it.
//
// The marker file says to which cluster and node the directory belongs and in which format it is written; the lock file
// keeps a second process out. A directory that belongs to somebody else, or to a newer version, is refused before
// anything in it is touched.
//
// Thread rule: one thread at a time.
#pragma once

#include <outsize/result.hpp>
#include <outsize/wire/types.hpp>

#include <cstdint>
#include <string>

namespace outsize::host {

/// What a storage format is: the marker, the lock, the folders and what is in them. Counted up when an older version
/// could not read what this one writes. 3: the store knows where the fragments of split records are. 2: entry headers
/// of 120 bytes, as docs/protocol.md has them (1: 126 bytes).
inline constexpr std::uint32_t data_dir_format = 3;
/// The oldest that this version reads, and makes the newest when it opens the directory: no entry of format 2 is a
/// fragment, so there is nothing to add.
inline constexpr std::uint32_t data_dir_format_min = 2;

class data_dir {
public:
  /// Creates the directory when it is missing (its parent must exist), locks it, and reads or writes its marker. The
  /// marker of an older format that this version reads is written anew: from here on the older version is kept out.
  /// `cluster` all zero: not known yet; the marker's is taken over, or stays open until set_cluster.
  /// Refusals, each with the value, the place and what to do:
  ///   data_dir_mismatch  another cluster or node, a newer or older format, a damaged marker, files but no marker, or a
  ///   process
  ///                      that holds the lock
  ///   permission_denied  not a directory, or not to be read and written
  ///   storage_failed     the disk failed while the marker was read or written
  static result<data_dir> open(const std::string &path, const std::string &node, const wire::cluster_id &cluster);

  data_dir(data_dir &&other) noexcept;
  data_dir &operator=(data_dir &&other) noexcept;
  /// Lets go of the lock.
  ~data_dir();

  [[nodiscard]] const std::string &path() const { return path_; }
  /// Where RocksDB lives.
  [[nodiscard]] std::string store_path() const { return path_ + "/store"; }
  /// All zero while it is not known.
  [[nodiscard]] const wire::cluster_id &cluster() const { return cluster_; }

  /// Writes the cluster's id into the marker, durably. Again with the same id is nothing; with another one it is
  /// data_dir_mismatch, and nothing changes.
  result<void> set_cluster(const wire::cluster_id &cluster);

private:
  data_dir(std::string path, std::string node, int lock_fd);
  result<void> read_marker(const wire::cluster_id &cluster);
  result<void> write_marker();

  std::string path_;
  std::string node_;
  wire::cluster_id cluster_{};
  int lock_fd_ = -1;
};

} // namespace outsize::host
