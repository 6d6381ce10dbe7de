// Large entries, one behind the other in files that only grow; RocksDB keeps where each of them is.
//
// RocksDB alone would write every byte twice, copy it four times and compute two CRCs in software. Here it is written
// once. The order makes it safe: an entry is in its file, synced, before the batch that refers to it is written. What a
// crash leaves behind in a file is referred to by nobody; a file is never written to again after a restart. The files
// carry nothing of their own: each entry begins with its header, and the log server verifies it at each read.
//
// Included by this folder's sources only.
#pragma once

#include <outsize/buffer.hpp>
#include <outsize/result.hpp>

#include <rocksdb/file_system.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace outsize::host {

/// Entries from here on go to bulk files: below it a second sync costs more than a second copy.
inline constexpr std::uint64_t bulk_bytes_min = 32ULL << 10;
/// A file is followed by the next one when it is that long.
inline constexpr std::uint64_t bulk_file_bytes = 256ULL << 20;

/// Where an entry lies.
struct bulk_place {
  std::uint64_t file = 0;
  std::uint64_t position = 0;
  std::uint64_t bytes = 0;
  bool operator==(const bulk_place &) const = default;
};

/// Thread rule: one thread.
class bulk_writer {
public:
  /// Makes the directory when it is missing, and finds the number of the next file.
  static result<bulk_writer> open(std::shared_ptr<rocksdb::FileSystem> files, std::string directory);

  /// Appends; durable after the next sync.
  rocksdb::IOStatus append(const rope &bytes, bulk_place &place);
  /// Makes everything appended durable; nothing to do when there was nothing.
  rocksdb::IOStatus sync();

private:
  bulk_writer(std::shared_ptr<rocksdb::FileSystem> files, std::string directory, std::uint64_t next_number);
  rocksdb::IOStatus begin_file();

  std::shared_ptr<rocksdb::FileSystem> files_;
  std::string directory_;
  std::uint64_t number_;
  std::unique_ptr<rocksdb::FSWritableFile> file_;
  std::uint64_t file_bytes_ = 0;
  bool dirty_ = false;
};

/// Thread rule: one thread.
class bulk_reader {
public:
  bulk_reader(std::shared_ptr<rocksdb::FileSystem> files, std::string directory);

  /// Empty when the file does not hold it (any more) or cannot be read.
  buffer read(const bulk_place &place);

private:
  rocksdb::FSRandomAccessFile *open_file(std::uint64_t number);

  std::shared_ptr<rocksdb::FileSystem> files_;
  std::string directory_;
  std::map<std::uint64_t, std::unique_ptr<rocksdb::FSRandomAccessFile>> open_;
};

} // namespace outsize::host
