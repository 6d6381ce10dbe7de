#include "host/storage/read_thread.hpp"

#include "host/storage/entry_scan.hpp"

#include <optional>
#include <utility>

namespace outsize::host {

read_thread::read_thread(rocksdb_database &database, entry_mailbox &reads)
    : database_(database), reads_(reads), bulk_(database.files(), database.bulk_directory()),
      thread_([this] { run(); }) {}

read_thread::~read_thread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_one();
  thread_.join();
}

void read_thread::submit(read_request what, storage::read_done then) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({std::move(what), std::move(then)});
  }
  arrived_.notify_one();
}

void read_thread::run() {
  for (;;) {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) {
      return;
    }
    work next = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    auto outcome = scan_entries(database_, bulk_, next.what);
    reads_.post(finished_read{std::move(next.then), std::move(outcome)});
  }
}

} // namespace outsize::host
