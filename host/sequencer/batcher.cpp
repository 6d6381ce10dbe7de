#include "host/sequencer/batcher.hpp"

#include "host/core/check.hpp"

#include <algorithm>
#include <utility>

namespace outsize::host {

void batcher::add(admitted_record record) {
  OUTSIZE_CHECK(wire::store_overhead_bytes(1) + bytes_in_store(record) <= bounds_.message_bytes_max,
                "Z1: what does not fit the segment limit gets no offset");
  OUTSIZE_CHECK(queue_.empty() || queue_.back().record.ticket < record.ticket, "tickets ascend");
  bytes_ += bytes_in_store(record);
  ++count_;
  queue_.push_back({std::move(record)});
}

bool batcher::withdraw(std::uint64_t ticket) {
  const auto found =
      std::lower_bound(queue_.begin(), queue_.end(), ticket,
                       [](const waiting &one, std::uint64_t sought) { return one.record.ticket < sought; });
  if (found == queue_.end() || found->record.ticket != ticket || found->withdrawn) {
    return false;
  }
  bytes_ -= bytes_in_store(found->record);
  --count_;
  found->withdrawn = true;
  found->record.bytes = {};
  return true;
}

batcher::extent batcher::next_extent() const {
  const std::uint64_t bytes_max = std::min(bounds_.batch_bytes_max, bounds_.message_bytes_max);
  extent made;
  std::uint32_t entries = 0;
  std::uint64_t bytes = 0;
  for (const waiting &one : queue_) {
    if (!one.withdrawn) {
      const std::uint64_t more = bytes_in_store(one.record);
      if (entries == bounds_.entries_max ||
          (entries > 0 && wire::store_overhead_bytes(entries + 1) + bytes + more > bytes_max)) {
        break;
      }
      bytes += more;
      ++entries;
    }
    ++made.places;
  }
  made.message_bytes = entries == 0 ? 0 : wire::store_overhead_bytes(entries) + bytes;
  return made;
}

bool batcher::has_full_batch() const {
  return count_ >= bounds_.entries_max ||
         wire::store_overhead_bytes(count_) + bytes_ >= std::min(bounds_.batch_bytes_max, bounds_.message_bytes_max);
}

std::uint64_t batcher::next_message_bytes() const {
  return next_extent().message_bytes;
}

std::vector<admitted_record> batcher::cut() {
  std::vector<admitted_record> made;
  for (std::size_t left = next_extent().places; left > 0; --left) {
    if (!queue_.front().withdrawn) {
      bytes_ -= bytes_in_store(queue_.front().record);
      --count_;
      made.push_back(std::move(queue_.front().record));
    }
    queue_.pop_front();
  }
  return made;
}

} // namespace outsize::host
