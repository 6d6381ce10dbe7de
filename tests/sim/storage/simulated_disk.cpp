#include "sim/storage/simulated_disk.hpp"

#include <algorithm>
#include <utility>

namespace outsize::sim {

simulated_disk::simulated_disk(std::string machine, disk_quality quality, random_source random, const time_point &clock,
                               disk_observer &observer)
    : machine_(std::move(machine)), quality_(quality), random_(random), clock_(clock), observer_(observer) {
  store_.hold_commits(true);
  store_.hold_reads(true);
  kept_values_.hold(true);
  store_.on_applied([this](const host::commit &what) { observer_.on_durable(machine_, what); });
}

// ---- entries

void simulated_disk::submit(host::commit what, host::storage::committed then) {
  ++waiting_;
  if (lies_) {
    lied_to_.push_back(std::move(then));
    has_work_ = true;
    then = [](const result<void> &) {};
  }
  store_.submit(std::move(what), std::move(then));
  begin_sync();
}

void simulated_disk::read(host::read_request what, host::storage::read_done then) {
  store_.read(what, std::move(then));
  begin_read();
}

void simulated_disk::find_fragments(host::fragment_request what, host::storage::fragments_found then) {
  store_.find_fragments(what, std::move(then));
  begin_read();
}

void simulated_disk::begin_read() {
  const time_point earliest = reads_done_.empty() ? clock_ : std::max(clock_, reads_done_.back());
  reads_done_.push_back(earliest + random_.between(duration{1000}, quality_.read_max));
}

duration simulated_disk::sync_time() {
  if (!random_.millionths(quality_.stall_millionths)) {
    return random_.between(quality_.sync_min, quality_.sync_max);
  }
  ++stalls_;
  return random_.between(quality_.sync_max, quality_.stall_max);
}

/// Everything that waits shares the next sync; what comes during it waits for the one after.
void simulated_disk::begin_sync() {
  if (syncing_ == 0 && waiting_ > 0) {
    syncing_ = waiting_;
    sync_done_ = clock_ + sync_time();
  }
}

void simulated_disk::end_sync() {
  store_.finish_commits(syncing_);
  waiting_ -= std::exchange(syncing_, 0);
  has_work_ = true;
  sync_done_ = never;
  begin_sync();
}

result<std::vector<std::pair<host::segment_id, host::segment_row>>> simulated_disk::entries_front::load() {
  auto rows = disk_.store_.load();
  for (auto &[segment, row] : rows.value()) {
    row.sealed = row.sealed && !disk_.forgets_seals_;
    row.fence = disk_.forgets_seals_ ? 0 : row.fence;
  }
  return rows;
}

std::size_t simulated_disk::entries_front::run_completions() {
  const auto lied_to = std::exchange(disk_.lied_to_, {});
  for (const host::storage::committed &then : lied_to) {
    then({});
  }
  disk_.has_work_ = false;
  return disk_.store_.run_completions() + lied_to.size();
}

// ---- values

void simulated_disk::values_front::put(std::string key, std::string value, stored then) {
  const time_point earliest = disk_.writes_.empty() ? disk_.clock_ : disk_.writes_.back().done_at;
  disk_.writes_.push_back({key, value, earliest + disk_.sync_time()});
  disk_.kept_values_.put(std::move(key), std::move(value), std::move(then));
}

std::size_t simulated_disk::values_front::run_completions() {
  return disk_.kept_values_.run_completions();
}

void simulated_disk::tell_if_durable(const value_write &write) {
  const auto found = kept_values_.durable().find(write.key);
  if (found != kept_values_.durable().end() && found->second == write.value) {
    observer_.on_value(machine_, write.key, write.value);
  }
}

// ---- time

void simulated_disk::run() {
  if (sync_done_ <= clock_) {
    end_sync();
  }
  while (!reads_done_.empty() && reads_done_.front() <= clock_) {
    reads_done_.pop_front();
    store_.finish_reads(1);
    has_work_ = true;
  }
  while (!writes_.empty() && writes_.front().done_at <= clock_) {
    kept_values_.finish(1);
    tell_if_durable(writes_.front());
    writes_.pop_front();
    has_work_ = true;
  }
}

time_point simulated_disk::next_time() const {
  const time_point read = reads_done_.empty() ? never : reads_done_.front();
  const time_point write = writes_.empty() ? never : writes_.front().done_at;
  return std::min({sync_done_, read, write});
}

simulated_disk::crash_report simulated_disk::crash() {
  const std::size_t survivors = random_.between(0, waiting_);
  store_.crash(survivors);
  const std::size_t surviving_values = random_.between(0, writes_.size());
  kept_values_.crash(surviving_values);
  for (std::size_t i = 0; i < surviving_values; ++i) {
    tell_if_durable(writes_[i]);
  }
  const std::size_t kept = survivors + surviving_values;
  const crash_report report{waiting_ + writes_.size() - kept, kept};
  waiting_ = 0;
  syncing_ = 0;
  sync_done_ = never;
  reads_done_.clear();
  writes_.clear();
  lied_to_.clear();
  has_work_ = false;
  return report;
}

} // namespace outsize::sim
