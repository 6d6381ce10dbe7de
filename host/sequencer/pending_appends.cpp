#include "host/sequencer/pending_appends.hpp"

#include "host/core/check.hpp"

#include <algorithm>
#include <utility>

namespace outsize::host {
namespace {

time_point earliest_deadline(const pending_append &what) {
  time_point earliest = never;
  for (const pending_append::waiter &one : what.waiters) {
    earliest = std::min(earliest, one.deadline);
  }
  return earliest;
}

} // namespace

void answers::settle(const std::shared_ptr<append_group> &group, std::size_t place, wire::append_result what) {
  OUTSIZE_CHECK(group->unknown > 0, "a record is answered once");
  group->results[place] = std::move(what);
  if (--group->unknown == 0) {
    complete_.push_back(group);
  }
}

void answers::deliver() {
  if (delivering_) {
    return; // from inside an answer: the call further out goes on with it
  }
  delivering_ = true;
  while (!complete_.empty()) {
    for (const std::shared_ptr<append_group> &group : std::exchange(complete_, {})) {
      const log_sequencer::answer then = std::exchange(group->then, nullptr);
      then(std::move(group->results));
    }
  }
  delivering_ = false;
}

pending_append &pending_appends::add(std::uint64_t ticket, pending_append what) {
  next_deadline_ = std::min(next_deadline_, earliest_deadline(what));
  return table_.insert_or_assign(table_.end(), ticket, std::move(what))->second;
}

void pending_appends::add_waiter(pending_append &to, pending_append::waiter who) {
  next_deadline_ = std::min(next_deadline_, who.deadline);
  to.waiters.push_back(std::move(who));
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
  next_deadline_ = never;
  for (const auto &[ticket, pending] : table_) {
    const time_point earliest = earliest_deadline(pending);
    if (earliest <= now) {
      made.push_back(ticket);
    }
    for (const pending_append::waiter &one : pending.waiters) {
      next_deadline_ = one.deadline > now ? std::min(next_deadline_, one.deadline) : next_deadline_;
    }
  }
  return made;
}

} // namespace outsize::host
