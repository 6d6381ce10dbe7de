#include "host/storage/read_thread.hpp"

#include "host/storage/entry_scan.hpp"
#include "host/storage/fragment_scan.hpp"

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
  push(read_work{what, std::move(then)});
}

void read_thread::submit(fragment_request what, storage::fragments_found then) {
  push(search_work{what, std::move(then)});
}

void read_thread::push(work next) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(next));
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
    std::visit([this](auto &one) { carry_out(std::move(one)); }, next);
  }
}

void read_thread::carry_out(read_work next) {
  auto outcome = scan_entries(database_, bulk_, next.what);
  reads_.post(finished_read{std::move(next.then), std::move(outcome)});
}

void read_thread::carry_out(search_work next) {
  auto outcome = scan_fragments(database_, next.what);
  reads_.post(finished_search{std::move(next.then), std::move(outcome)});
}

} // namespace outsize::host
