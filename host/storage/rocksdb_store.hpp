// Entries, rows and values of one node: RocksDB for everything small, files that only grow for large entries.
//
// A commit thread takes all writes that have arrived, makes one batch of them and syncs once (twice when large entries
// are among them: their file first); a read thread serves reads. Both post what they finished to mailboxes that the
// loop thread empties in run_completions.
//
//   DIRECTORY/db     RocksDB: rows, values, entries below 32 KiB, where the others lie, and at which offsets the
//                    fragments of split records are (store_format.hpp, stored_value.hpp)
//   DIRECTORY/bulk   entries from 32 KiB on (bulk_files.hpp)
//
// Memory, besides what is submitted and read: three memtables of memtable_bytes, one batch of at most 8 MiB, the block
// cache, and a few MiB of RocksDB's own. Large entries pass through none of these.
//
// Disk: entries are refused with disk_full while less than free_bytes_min would stay free; the reserve is what
// memtables and compactions still need (at least four times memtable_bytes), and what seals are written with.
//
// Bit rot in RocksDB's log, before its entries are flushed, ends recovery there (point-in-time): what was behind it is
// missing after the restart as if it had never come. Everything flushed, and every large entry, is told from absence.
//
// Thread rule: the loop thread. Destruction finishes the writes submitted and calls nobody.
#pragma once

#include "host/storage/storage.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace rocksdb {
class Env;
}

namespace outsize::host {

struct rocksdb_options {
  std::string directory; ///< created when missing; its parent must exist
  std::uint64_t free_bytes_min = 256ULL << 20;
  std::uint64_t memtable_bytes = 32ULL << 20;
  std::uint64_t block_cache_bytes = 8ULL << 20;
  rocksdb::Env *env = nullptr; ///< for fault injection; null: the machine's
};

class rocksdb_store {
public:
  /// storage_failed with RocksDB's text when the directory cannot be opened, is damaged, or is open elsewhere.
  static result<std::unique_ptr<rocksdb_store>> open(const rocksdb_options &options);
  ~rocksdb_store();
  rocksdb_store(const rocksdb_store &) = delete;
  rocksdb_store &operator=(const rocksdb_store &) = delete;

  /// Both live as long as this object; each has its own completions and its own descriptor.
  [[nodiscard]] storage &entries();
  [[nodiscard]] value_store &values();

private:
  struct state;
  explicit rocksdb_store(std::unique_ptr<state> made);
  std::unique_ptr<state> state_;
};

} // namespace outsize::host
