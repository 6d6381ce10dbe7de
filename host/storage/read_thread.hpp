// The thread that reads entries and finds fragments, so that the loop thread never waits for a disk.
//
// Thread rule: submit and destruction on the loop thread; what is finished is posted from the thread itself.
#pragma once

#include "host/storage/bulk_files.hpp"
#include "host/storage/finished.hpp"
#include "host/storage/rocksdb_database.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <variant>

namespace outsize::host {

class read_thread {
public:
  read_thread(rocksdb_database &database, entry_mailbox &reads);
  /// Drops what was not begun.
  ~read_thread();
  read_thread(const read_thread &) = delete;
  read_thread &operator=(const read_thread &) = delete;

  void submit(read_request what, storage::read_done then);
  void submit(fragment_request what, storage::fragments_found then);

private:
  struct read_work {
    read_request what;
    storage::read_done then;
  };
  struct search_work {
    fragment_request what;
    storage::fragments_found then;
  };
  using work = std::variant<read_work, search_work>;

  void push(work next);
  void run();
  void carry_out(read_work next);
  void carry_out(search_work next);

  rocksdb_database &database_;
  entry_mailbox &reads_;
  bulk_reader bulk_; ///< the thread's own
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<work> waiting_;
  bool stopping_ = false;
  std::thread thread_; ///< last: starts when everything else is there
};

} // namespace outsize::host
