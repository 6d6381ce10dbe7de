#include "host/sequencer/bulk_turns.hpp"

#include <utility>

namespace outsize::host {

void bulk_turns::add(piece what) {
  const std::uint64_t record = what.record;
  std::deque<piece> &queue = waiting_[record];
  if (queue.empty()) {
    turns_.push_back(record);
  }
  queue.push_back(std::move(what));
}

void bulk_turns::drop(std::uint64_t record) {
  waiting_.erase(record);
  turns_.remove(record);
}

std::optional<bulk_turns::piece> bulk_turns::next() {
  if (turns_.empty()) {
    return std::nullopt;
  }
  const std::uint64_t record = turns_.front();
  std::deque<piece> &queue = waiting_.at(record);
  if (on_their_way_ > 0 && on_their_way_ + queue.front().bytes.size() > window_bytes_) {
    return std::nullopt;
  }
  piece made = std::move(queue.front());
  queue.pop_front();
  turns_.pop_front();
  if (queue.empty()) {
    waiting_.erase(record);
  } else {
    turns_.push_back(record);
  }
  on_their_way_ += made.bytes.size();
  return made;
}

void bulk_turns::clear() {
  waiting_.clear();
  turns_.clear();
  on_their_way_ = 0;
}

} // namespace outsize::host
