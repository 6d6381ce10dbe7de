// The open RocksDB: how it is configured, and its column families. Included by this folder's sources only.
//
// Thread rule: any thread, as RocksDB allows.
#pragma once

#include "host/storage/rocksdb_store.hpp"
#include "host/storage/store_activity.hpp"

#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include <array>
#include <memory>
#include <string>

namespace outsize::host {

class rocksdb_database {
public:
  static result<std::unique_ptr<rocksdb_database>> open(const rocksdb_options &options);
  ~rocksdb_database();
  rocksdb_database(const rocksdb_database &) = delete;
  rocksdb_database &operator=(const rocksdb_database &) = delete;

  [[nodiscard]] rocksdb::DB &db() { return *db_; }
  [[nodiscard]] rocksdb::ColumnFamilyHandle *entries() const { return families_[1]; }
  [[nodiscard]] rocksdb::ColumnFamilyHandle *rows() const { return families_[2]; }
  [[nodiscard]] rocksdb::ColumnFamilyHandle *values() const { return families_[3]; }
  [[nodiscard]] rocksdb::ColumnFamilyHandle *fragments() const { return families_[4]; }

  [[nodiscard]] std::shared_ptr<rocksdb::FileSystem> files() const { return db_->GetEnv()->GetFileSystem(); }
  [[nodiscard]] std::string bulk_directory() const { return directory_ + "/bulk"; }

  [[nodiscard]] std::uint64_t free_bytes_min() const { return free_bytes_min_; }
  /// 0 when the file system does not say.
  [[nodiscard]] std::uint64_t free_bytes() const;
  [[nodiscard]] store_activity &activity() { return *activity_; }

private:
  rocksdb_database() = default;
  std::shared_ptr<store_activity> activity_ = std::make_shared<store_activity>();
  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle *, 5>
      families_{}; ///< "default" (unused, RocksDB wants it), entries, rows, values, fragments
  std::string directory_;
  std::uint64_t free_bytes_min_ = 0;
};

/// storage_failed, with what was tried and RocksDB's text.
error storage_error(std::string_view what, const rocksdb::Status &status);

} // namespace outsize::host
