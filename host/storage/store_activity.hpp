// Counts what a store does: commits and syncs, and RocksDB's flushes and compactions, which happen on its own threads.
//
// Thread rule: any thread.
#pragma once

#include "host/storage/storage.hpp"

#include <rocksdb/listener.h>

#include <atomic>
#include <cstdint>

namespace outsize::host {

class store_activity final : public rocksdb::EventListener {
public:
  void on_synced(std::uint64_t commits) {
    commits_.fetch_add(commits, std::memory_order_relaxed);
    syncs_.fetch_add(1, std::memory_order_relaxed);
  }
  void OnFlushCompleted(rocksdb::DB *, const rocksdb::FlushJobInfo &) override {
    flushes_.fetch_add(1, std::memory_order_relaxed);
  }
  void OnCompactionCompleted(rocksdb::DB *, const rocksdb::CompactionJobInfo &job) override {
    compactions_.fetch_add(1, std::memory_order_relaxed);
    compaction_bytes_.fetch_add(job.stats.total_output_bytes, std::memory_order_relaxed);
  }

  [[nodiscard]] storage_counters counters() const {
    return {commits_.load(std::memory_order_relaxed), syncs_.load(std::memory_order_relaxed),
            flushes_.load(std::memory_order_relaxed), compactions_.load(std::memory_order_relaxed),
            compaction_bytes_.load(std::memory_order_relaxed)};
  }

private:
  std::atomic<std::uint64_t> commits_{0};
  std::atomic<std::uint64_t> syncs_{0};
  std::atomic<std::uint64_t> flushes_{0};
  std::atomic<std::uint64_t> compactions_{0};
  std::atomic<std::uint64_t> compaction_bytes_{0};
};

} // namespace outsize::host
