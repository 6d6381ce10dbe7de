#include "journal.hpp"

#include "made_record.hpp"

#include <algorithm>
#include <utility>

namespace outsize::faults {
namespace {

constexpr std::size_t breaches_max = 32;

std::string name_of(std::uint64_t id) {
  return "record " + std::to_string(id);
}

std::string at(offset_t offset) {
  return " at offset " + std::to_string(offset);
}

} // namespace

// ---- writing --------------------------------------------------------------------------------------------------------

std::uint64_t journal::invoked(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  records_.push_back({bytes, {}, 1, 0});
  return records_.size();
}

void journal::sent_again(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  ++records_[id - 1].may_be_there;
}

void journal::acknowledged(std::uint64_t id, offset_t offset, bool duplicate) {
  const std::lock_guard lock(mutex_);
  record &one = records_[id - 1];
  if (offset == wire::no_offset) {
    breach(name_of(id) + " was acknowledged without an offset");
    return;
  }
  if (duplicate && one.may_be_there < 2) {
    breach(name_of(id) + " was sent once and called a duplicate" + at(offset));
  }
  if (one.acknowledged_at.empty()) {
    ++acknowledged_;
    acknowledged_bytes_ += one.bytes;
  }
  one.acknowledged_at.push_back(offset);
}

void journal::refused(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  --records_[id - 1].may_be_there;
}

void journal::in_doubt(std::uint64_t) {
  // It was counted when it was sent.
}

// ---- reading --------------------------------------------------------------------------------------------------------

void journal::reads_from(const std::string &node, offset_t offset) {
  const std::lock_guard lock(mutex_);
  readers_[node].last = offset - 1;
}

void journal::read(const std::string &node, const client::read_record &what) {
  const std::optional<std::uint64_t> id = id_of(what);
  const std::lock_guard lock(mutex_);
  reader &by = readers_[node];
  if (what.offset <= by.last) {
    breach(node + " gave" + at(what.offset) + " behind offset " + std::to_string(by.last));
  }
  by.last = what.offset;
  if (!id.has_value() || *id == 0 || *id > records_.size()) {
    breach(node + " gave a record that nobody sent" + at(what.offset) + ", key \"" + what.header.key + "\"");
    return;
  }
  record &one = records_[*id - 1];
  if (!is_payload_of(*id, one.bytes, what.payload)) {
    breach(node + " gave " + name_of(*id) + at(what.offset) + " with " + std::to_string(what.payload.size()) +
           " bytes that are not the " + std::to_string(one.bytes) + " that were sent");
  }
  const auto [known, is_new] = log_.try_emplace(what.offset, *id);
  if (!is_new && known->second != *id) {
    breach(node + " gave " + name_of(*id) + at(what.offset) + " where " + name_of(known->second) + " was seen");
  }
  one.seen += is_new ? 1 : 0;
  by.seen.emplace(what.offset, *id);
}

// ---- both together --------------------------------------------------------------------------------------------------

void journal::check_complete(const std::vector<std::string> &nodes) {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < records_.size(); ++i) {
    const record &one = records_[i];
    for (const offset_t offset : one.acknowledged_at) {
      const auto found = log_.find(offset);
      if (found == log_.end()) {
        breach(name_of(i + 1) + " was acknowledged" + at(offset) + " and is not there");
      } else if (found->second != i + 1) {
        breach(name_of(i + 1) + " was acknowledged" + at(offset) + ", where " + name_of(found->second) + " is");
      }
    }
    if (one.seen > one.may_be_there) {
      breach(name_of(i + 1) + " is in the log " + std::to_string(one.seen) + " times; " +
             std::to_string(one.may_be_there) + " sendings may have put it there");
    }
  }
  for (const std::string &name : nodes) {
    check_node(name, readers_[name]);
  }
}

/// All nodes show the whole log.
void journal::check_node(const std::string &name, const reader &node) {
  if (node.seen == log_) {
    return;
  }
  for (const auto &[offset, id] : log_) {
    if (!node.seen.contains(offset)) {
      breach(name + " did not give " + name_of(id) + at(offset) + ", another node did");
    }
  }
}

std::size_t journal::acknowledged_count() const {
  const std::lock_guard lock(mutex_);
  return acknowledged_;
}

std::uint64_t journal::acknowledged_bytes() const {
  const std::lock_guard lock(mutex_);
  return acknowledged_bytes_;
}

std::vector<std::string> journal::breaches() const {
  const std::lock_guard lock(mutex_);
  return breaches_;
}

void journal::breach(std::string what) {
  if (breaches_.size() < breaches_max) {
    breaches_.push_back(std::move(what));
  }
}

} // namespace outsize::faults
