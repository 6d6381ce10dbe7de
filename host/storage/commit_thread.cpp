#include "host/storage/commit_thread.hpp"

#include "host/storage/fragment_row.hpp"
#include "host/storage/store_format.hpp"
#include "host/storage/stored_value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace outsize::host {
namespace {

/// Above this, a larger group saves no more time, and its first commit waits for the last.
constexpr std::uint64_t group_bytes_max = 8ULL << 20;
/// What a write takes of the disk before compaction: once in the log, once in its file.
constexpr std::uint64_t copies_on_disk = 2;

template <class... Handlers> struct overloaded : Handlers... {
  using Handlers::operator()...;
};
template <class... Handlers> overloaded(Handlers...) -> overloaded<Handlers...>;

rocksdb::Slice slice_of(const auto &bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), static_cast<std::size_t>(bytes.size())};
}

error disk_full_error(std::uint64_t free_bytes, std::uint64_t reserve_bytes) {
  return make_error(code::disk_full, fmt::format("{} bytes are free on the disk of the store, and {} must stay free",
                                                 free_bytes, reserve_bytes));
}

/// Fills a batch: small entries are put without joining their stretches first, large ones go to a bulk file and leave a
/// reference in the batch.
class batch_writer {
public:
  batch_writer(rocksdb_database &database, bulk_writer &bulk, rocksdb::WriteBatch &batch)
      : database_(database), bulk_(bulk), batch_(batch) {}

  [[nodiscard]] rocksdb::Status add(const commit &what) {
    for (const entry_write &entry : what.entries) {
      if (const auto put = add(what.segment, entry); !put.ok()) {
        return put;
      }
      if (const auto put = add_fragment_row(what.segment, entry); !put.ok()) {
        return put;
      }
    }
    last_row_of(what.segment) = &what.row;
    return rocksdb::Status::OK();
  }
  [[nodiscard]] rocksdb::Status add(const value_write &what) {
    return batch_.Put(database_.values(), what.key, what.value);
  }
  /// Of the rows of one segment only the last counts.
  [[nodiscard]] rocksdb::Status add_rows() {
    for (const auto &[segment, row] : rows_) {
      if (const auto put = batch_.Put(database_.rows(), slice_of(encode_segment_key(segment)), encode_row(*row));
          !put.ok()) {
        return put;
      }
    }
    return rocksdb::Status::OK();
  }

private:
  [[nodiscard]] rocksdb::Status add(const segment_id &segment, const entry_write &entry) {
    const entry_key key = encode_entry_key(segment, entry.offset);
    const rocksdb::Slice key_slice = slice_of(key);
    if (entry.bytes.size() >= bulk_bytes_min) {
      bulk_place place;
      const auto appended = bulk_.append(entry.bytes, place);
      return appended.ok() ? batch_.Put(database_.entries(), key_slice, encode_reference(place, entry.bytes))
                           : static_cast<rocksdb::Status>(appended);
    }
    stretches_.assign(1, rocksdb::Slice(&inline_tag, 1));
    for (const buffer &part : entry.bytes.parts()) {
      stretches_.push_back(slice_of(part));
    }
    return batch_.Put(database_.entries(), rocksdb::SliceParts(&key_slice, 1),
                      rocksdb::SliceParts(stretches_.data(), static_cast<int>(stretches_.size())));
  }
  [[nodiscard]] rocksdb::Status add_fragment_row(const segment_id &segment, const entry_write &entry) {
    const auto row = fragment_row_of(segment, entry);
    return row ? batch_.Put(database_.fragments(), slice_of(encode_fragment_key(segment, row->set, row->place.index)),
                            encode_fragment_offset(row->place.offset))
               : rocksdb::Status::OK();
  }
  const segment_row *&last_row_of(const segment_id &segment) {
    for (auto &[known, row] : rows_) {
      if (known == segment) {
        return row;
      }
    }
    return rows_.emplace_back(segment, nullptr).second;
  }

  rocksdb_database &database_;
  bulk_writer &bulk_;
  rocksdb::WriteBatch &batch_;
  std::vector<rocksdb::Slice> stretches_;
  std::vector<std::pair<segment_id, const segment_row *>> rows_;
};

} // namespace

commit_thread::commit_thread(rocksdb_database &database, bulk_writer bulk, entry_mailbox &commits,
                             value_mailbox &values)
    : database_(database), commits_(commits), values_(values), bulk_(std::move(bulk)), thread_([this] { run(); }) {}

commit_thread::~commit_thread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_one();
  thread_.join();
}

void commit_thread::submit(commit what, finished_commit finished) {
  push(commit_work{std::move(what), std::move(finished)});
}

void commit_thread::submit(value_write what, finished_value finished) {
  push(value_work{std::move(what), std::move(finished)});
}

void commit_thread::push(work next) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(next));
  }
  arrived_.notify_one();
}

void commit_thread::run() {
  for (std::vector<work> taken = wait_for_work(); !taken.empty(); taken = wait_for_work()) {
    const std::span<work> all(taken);
    for (std::size_t from = 0; from < all.size();) {
      std::size_t to = from;
      std::uint64_t bytes = 0;
      while (to < all.size() && (to == from || bytes < group_bytes_max)) {
        const auto *next = std::get_if<commit_work>(&all[to++]);
        bytes += next == nullptr ? 0 : next->finished.bytes;
      }
      write_group(all.subspan(from, to - from));
      from = to;
    }
  }
}

/// Empty when it is time to end.
std::vector<commit_thread::work> commit_thread::wait_for_work() {
  std::unique_lock lock(mutex_);
  arrived_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
  return std::exchange(waiting_, {});
}

void commit_thread::write_group(std::span<work> group) {
  const std::vector<work *> admitted = admit(group);
  if (failed_ && !admitted.empty()) {
    failed_ = write(admitted);
  }
  if (failed_ && !admitted.empty()) {
    database_.activity().on_synced(admitted.size());
  }
  if (!failed_) {
    for (work *each : admitted) {
      std::visit([this](auto &one) { one.finished.outcome = failed_; }, *each);
    }
  }
  post(group);
}

/// Those that the disk has room for; the others are given their refusal.
std::vector<commit_thread::work *> commit_thread::admit(std::span<work> group) {
  std::vector<work *> admitted;
  const std::uint64_t free_bytes = database_.free_bytes();
  std::uint64_t taken_bytes = 0;
  for (work &each : group) {
    const std::uint64_t room = free_bytes - std::min(free_bytes, taken_bytes);
    if (std::visit([&](auto &one) { return admits(one, room); }, each)) {
      const auto *entries = std::get_if<commit_work>(&each);
      taken_bytes += entries == nullptr ? 0 : copies_on_disk * entries->finished.bytes;
      admitted.push_back(&each);
    }
  }
  return admitted;
}

bool commit_thread::admits(commit_work &next, std::uint64_t room) {
  const std::uint64_t reserve = next.what.entries.empty() ? database_.free_bytes_min() / 2 : database_.free_bytes_min();
  if (next.finished.epoch > refused_epoch_ && room >= reserve + copies_on_disk * next.finished.bytes) {
    return true;
  }
  refused_epoch_ = std::max(refused_epoch_, next.finished.epoch);
  next.finished.outcome = disk_full_error(room, reserve);
  return false;
}

bool commit_thread::admits(value_work &next, std::uint64_t room) {
  const std::uint64_t reserve = database_.free_bytes_min() / 2;
  if (room >= reserve) {
    return true;
  }
  next.finished.outcome = disk_full_error(room, reserve);
  return false;
}

result<void> commit_thread::write(const std::vector<work *> &admitted) {
  batch_.Clear();
  batch_writer writer(database_, bulk_, batch_);
  rocksdb::Status status;
  for (auto each = admitted.begin(); each != admitted.end() && status.ok(); ++each) {
    status = std::visit([&](const auto &one) { return writer.add(one.what); }, **each);
  }
  if (status.ok()) {
    status = writer.add_rows();
  }
  if (status.ok()) {
    status = bulk_.sync(); // before anything refers to it
  }
  if (status.ok()) {
    rocksdb::WriteOptions synced;
    synced.sync = true;
    status = database_.db().Write(synced, &batch_);
  }
  if (batch_.GetDataSize() > 2 * group_bytes_max) {
    batch_ = rocksdb::WriteBatch(); // one huge commit does not stay for ever
  }
  return status.ok() ? result<void>() : storage_error("a write failed and its outcome is unknown", status);
}

void commit_thread::post(std::span<work> group) {
  std::vector<entry_mailbox::letter> commits;
  std::vector<value_mailbox::letter> values;
  for (work &each : group) {
    std::visit(overloaded{[&](commit_work &one) {
                            commits.push_back(std::move(one.finished));
                            one.what = {}; // lets go of the payload before the next group is written
                          },
                          [&](value_work &one) { values.push_back(std::move(one.finished)); }},
               each);
  }
  commits_.post(std::move(commits));
  values_.post(std::move(values));
}

} // namespace outsize::host
