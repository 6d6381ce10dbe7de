#include "support/fault_store.hpp"

#include "host/storage/fragment_row.hpp"

#include <outsize/wire/codec.hpp>
#include <outsize/wire/limits.hpp>

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

namespace outsize::test {
namespace {

std::uint64_t bytes_of(const host::commit &what) {
  std::uint64_t bytes = 0;
  for (const host::entry_write &entry : what.entries) {
    bytes += entry.bytes.size();
  }
  return bytes;
}

error failed_write() {
  return make_error(code::storage_failed, "a write failed and its outcome is unknown (as the test wished)");
}

error failed_read() {
  return make_error(code::storage_failed, "a read failed (as the test wished)");
}

bool is_header_only(const host::read_request &what, std::string_view entry) {
  const std::span head(reinterpret_cast<const std::uint8_t *>(entry.data()), entry.size());
  return what.headers_only || (what.fragments_as_headers && wire::is_maybe_entry_of(wire::entry_kind::fragment, head));
}

} // namespace

result<std::vector<std::pair<host::segment_id, host::segment_row>>> fault_store::load() {
  std::vector<std::pair<host::segment_id, host::segment_row>> known;
  for (const auto &[segment, stored] : segments_) {
    known.emplace_back(segment, stored.row);
  }
  return known;
}

void fault_store::submit(host::commit what, committed then) {
  const std::uint64_t bytes = bytes_of(what);
  pending_bytes_ += bytes;
  waiting_.push_back({std::move(what), std::move(then), bytes, epoch_});
  if (!commits_held_) {
    finish_commits();
  }
}

void fault_store::read(host::read_request what, read_done then) {
  hold_read(what, std::move(then), &fault_store::look_up);
}

void fault_store::find_fragments(host::fragment_request what, fragments_found then) {
  hold_read(what, std::move(then), &fault_store::look_up_fragments);
}

template <class Request, class Found> void fault_store::hold_read(Request what, std::function<void(result<Found>)> then,
                                                                  Found (fault_store::*look)(const Request &) const) {
  reads_.push_back([this, what, then = std::move(then), look] {
    result<Found> found = reads_fail_ ? result<Found>(failed_read()) : (this->*look)(what);
    finished_.push_back([then, found = std::move(found)] { then(found); });
  });
  if (!reads_held_) {
    finish_reads();
  }
}

std::size_t fault_store::run_completions() {
  const auto finished = std::exchange(finished_, {});
  for (const auto &call : finished) {
    call();
  }
  return finished.size();
}

std::size_t fault_store::finish_commits(std::size_t count) {
  std::size_t done = 0;
  for (; done < count && !waiting_.empty(); ++done) {
    waiting_commit next = std::move(waiting_.front());
    waiting_.pop_front();
    const auto outcome = make_durable(next);
    finished_.push_back([this, next = std::move(next), outcome] { tell(next, outcome); });
  }
  syncs_ += done == 0 ? 0 : 1;
  return done;
}

std::size_t fault_store::finish_reads(std::size_t count) {
  std::size_t done = 0;
  for (; done < count && !reads_.empty(); ++done) {
    const auto look = std::move(reads_.front());
    reads_.pop_front();
    look();
  }
  return done;
}

void fault_store::settle() {
  while (run_completions() > 0) {
  }
}

void fault_store::fail_next_commit(bool stored) {
  fail_next_stored_ = stored;
}

void fault_store::heal() {
  disk_full_ = false;
  reads_fail_ = false;
  fail_next_stored_.reset();
}

void fault_store::crash(std::size_t survivors) {
  for (; survivors > 0 && !waiting_.empty(); --survivors) {
    (void)make_durable(waiting_.front()); // refused or failed ones do not survive either
    waiting_.pop_front();
  }
  waiting_.clear();
  reads_.clear();
  finished_.clear();
  pending_bytes_ = 0;
  failed_ = false;
  fail_next_stored_.reset();
  epoch_ = 1;
  refused_epoch_ = 0;
}

bool fault_store::flip_bit(const host::segment_id &segment, host::offset_t offset, std::uint64_t bit) {
  const auto stored = segments_.find(segment);
  const auto entry =
      stored == segments_.end() ? decltype(stored->second.entries.end()){} : stored->second.entries.find(offset);
  if (stored == segments_.end() || entry == stored->second.entries.end() || bit / 8 >= entry->second.size()) {
    return false;
  }
  entry->second[bit / 8] = static_cast<char>(entry->second[bit / 8] ^ (1 << bit % 8));
  return true;
}

bool fault_store::make_unreadable(const host::segment_id &segment, host::offset_t offset) {
  const auto stored = segments_.find(segment);
  if (stored == segments_.end() || !stored->second.entries.contains(offset)) {
    return false;
  }
  stored->second.entries[offset].clear();
  return true;
}

bool fault_store::lose(const host::segment_id &segment, host::offset_t offset) {
  const auto stored = segments_.find(segment);
  return stored != segments_.end() && stored->second.entries.erase(offset) == 1;
}

bool fault_store::misplace(const host::segment_id &segment, std::uint64_t set, std::uint32_t index, host::offset_t to) {
  const auto stored = segments_.find(segment);
  if (stored == segments_.end() || !stored->second.fragments.contains({set, index})) {
    return false;
  }
  stored->second.fragments[{set, index}] = to;
  return true;
}

const host::segment_row *fault_store::durable_row(const host::segment_id &segment) const {
  const auto stored = segments_.find(segment);
  return stored == segments_.end() ? nullptr : &stored->second.row;
}

std::optional<std::string> fault_store::durable_entry(const host::segment_id &segment, host::offset_t offset) const {
  const auto stored = segments_.find(segment);
  if (stored == segments_.end() || !stored->second.entries.contains(offset)) {
    return std::nullopt;
  }
  return stored->second.entries.at(offset);
}

std::vector<host::offset_t> fault_store::durable_offsets(const host::segment_id &segment) const {
  std::vector<host::offset_t> offsets;
  if (const auto stored = segments_.find(segment); stored != segments_.end()) {
    for (const auto &[offset, bytes] : stored->second.entries) {
      offsets.push_back(offset);
    }
  }
  return offsets;
}

result<void> fault_store::make_durable(const waiting_commit &next) {
  if (failed_) {
    return failed_write();
  }
  if (refuses(next)) {
    return make_error(code::disk_full, "the disk is full (as the test wished)");
  }
  if (fail_next_stored_.has_value()) {
    failed_ = true;
    if (*std::exchange(fail_next_stored_, std::nullopt)) {
      apply(next.what);
    }
    return failed_write();
  }
  apply(next.what);
  return {};
}

bool fault_store::refuses(const waiting_commit &next) {
  if (next.epoch > refused_epoch_ && (!disk_full_ || next.what.entries.empty())) {
    return false;
  }
  refused_epoch_ = std::max(refused_epoch_, next.epoch);
  return true;
}

void fault_store::apply(const host::commit &what) {
  stored_segment &to = segments_[what.segment];
  for (const host::entry_write &entry : what.entries) {
    to.entries[entry.offset] = entry.bytes.flatten().text();
    if (const auto row = host::fragment_row_of(what.segment, entry)) {
      to.fragments[{row->set, row->place.index}] = row->place.offset;
    }
  }
  to.row = what.row;
  if (applied_) {
    applied_(what);
  }
}

host::read_result fault_store::look_up(const host::read_request &what) const {
  host::read_result found;
  found.next = what.from;
  const auto stored = segments_.find(what.segment);
  if (what.from >= what.to) {
    return found;
  }
  std::uint64_t bytes = 0;
  const std::map<host::offset_t, std::string> none;
  const auto &entries = stored == segments_.end() ? none : stored->second.entries;
  for (auto at = entries.lower_bound(what.from); at != entries.end() && at->first < what.to; ++at) {
    const std::string kept =
        is_header_only(what, at->second) ? at->second.substr(0, wire::entry_header_bytes) : at->second;
    const bool over = bytes >= what.bytes_max || bytes + kept.size() > what.bytes_max;
    if (!found.entries.empty() && (over || found.entries.size() == what.count_max)) {
      return found;
    }
    bytes += kept.size();
    found.entries.push_back({at->first, buffer::copy_of(kept)});
    found.next = at->first + 1;
  }
  found.next = what.to;
  return found;
}

host::fragment_result fault_store::look_up_fragments(const host::fragment_request &what) const {
  host::fragment_result found;
  found.next = what.from;
  const auto stored = segments_.find(what.segment);
  if (what.from >= what.to) {
    return found;
  }
  const decltype(stored_segment::fragments) none;
  const auto &rows = stored == segments_.end() ? none : stored->second.fragments;
  for (auto at = rows.lower_bound({what.set, what.from});
       at != rows.end() && at->first.first == what.set && at->first.second < what.to; ++at) {
    if (what.count_max != 0 && found.places.size() == what.count_max) {
      return found;
    }
    found.places.push_back({at->first.second, at->second});
    found.next = at->first.second + 1;
  }
  found.next = what.to;
  return found;
}

void fault_store::tell(const waiting_commit &finished, const result<void> &outcome) {
  pending_bytes_ -= finished.bytes;
  if (!outcome && outcome.error().code == code::disk_full) {
    epoch_ = std::max(epoch_, finished.epoch + 1);
  }
  finished.then(outcome);
}

} // namespace outsize::test
