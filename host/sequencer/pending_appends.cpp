#include "host/sequencer/pending_appends.hpp"

#include "host/core/check.hpp"

#include <algorithm>
#include <utility>

namespace outsize::host {

void settle(const std::shared_ptr<append_group> &group, std::size_t place, wire::append_result what) {
  OUTSIZE_CHECK(group->unknown > 0, "a record is answered once");
  group->results[place] = std::move(what);
  if (--group->unknown == 0) {
    const log_sequencer::answer then = std::exchange(group->then, nullptr);
    then(std::move(group->results));
  }
}

pending_append &pending_appends::add(std::uint64_t ticket, pending_append what) {
  next_deadline_ = std::min(next_deadline_, what.deadline);
  return table_.insert_or_assign(table_.end(), ticket, std::move(what))->second;
}

pending_append *pending_appends::find(std::uint64_t ticket) {
  const auto found = table_.find(ticket);
  return found == table_.end() ? nullptr : &found->second;
}

pending_append pending_appends::take(std::uint64_t ticket) {
  auto node = table_.extract(ticket);
  OUTSIZE_CHECK(!node.empty(), "a committed record was admitted");
  return std::move(node.mapped());
}

pending_appends::table pending_appends::take_all() {
  next_deadline_ = never;
  return std::exchange(table_, {});
}

std::vector<std::uint64_t> pending_appends::expired(time_point now) {
  std::vector<std::uint64_t> made;
  time_point next = never;
  for (const auto &[ticket, pending] : table_) {
    if (pending.waiters.empty()) {
      continue;
    }
    if (pending.deadline <= now) {
      made.push_back(ticket);
    } else {
      next = std::min(next, pending.deadline);
    }
  }
  next_deadline_ = next;
  return made;
}

} // namespace outsize::host
