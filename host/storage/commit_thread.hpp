// The thread that makes writes durable: one batch and one sync for everything that has arrived.
//
// Thread rule: submit and destruction on the loop thread; what is finished is posted from the thread itself.
#pragma once

#include "host/storage/bulk_files.hpp"
#include "host/storage/finished.hpp"
#include "host/storage/rocksdb_database.hpp"

#include <rocksdb/write_batch.h>

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <span>
#include <thread>
#include <variant>
#include <vector>

namespace outsize::host {

/// One key of the value store.
struct value_write {
  std::string key;
  std::string value;
};

class commit_thread {
public:
  commit_thread(rocksdb_database &database, bulk_writer bulk, entry_mailbox &commits, value_mailbox &values);
  /// Writes what was submitted, then ends.
  ~commit_thread();
  commit_thread(const commit_thread &) = delete;
  commit_thread &operator=(const commit_thread &) = delete;

  /// `finished.epoch` counts the refusals that the submitter has been told, from 1: a commit is refused when one before
  /// it was and the submitter could not know yet.
  void submit(commit what, finished_commit finished);
  void submit(value_write what, finished_value finished);

private:
  struct commit_work {
    commit what;
    finished_commit finished;
  };
  struct value_work {
    value_write what;
    finished_value finished;
  };
  using work = std::variant<commit_work, value_work>;

  void push(work next);
  void run();
  [[nodiscard]] std::vector<work> wait_for_work();
  void write_group(std::span<work> group);
  [[nodiscard]] std::vector<work *> admit(std::span<work> group);
  [[nodiscard]] bool admits(commit_work &next, std::uint64_t room);
  [[nodiscard]] bool admits(value_work &next, std::uint64_t room);
  [[nodiscard]] result<void> write(const std::vector<work *> &admitted);
  void post(std::span<work> group);

  rocksdb_database &database_;
  entry_mailbox &commits_;
  value_mailbox &values_;

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<work> waiting_;
  bool stopping_ = false;

  // The thread's own:
  bulk_writer bulk_;
  rocksdb::WriteBatch batch_;       ///< kept for its memory
  result<void> failed_;             ///< the first failed write; every later one shares its fate
  std::uint64_t refused_epoch_ = 0; ///< commits of this epoch and before are refused
  std::thread thread_;              ///< last: starts when everything else is there
};

} // namespace outsize::host
