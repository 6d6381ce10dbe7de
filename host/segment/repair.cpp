#include "host/segment/repair.hpp"

#include <outsize/abi/host.h>
#include <outsize/wire/codec.hpp>
#include <outsize/wire/limits.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace outsize::host {
namespace {

/// How long the listing of a slow server is waited for: without it, what that server has is copied once more.
constexpr duration listing_patience = std::chrono::milliseconds(500);

std::uint64_t bytes_of(const wire::entry_header &header) {
  return wire::entry_header_bytes + header.record_header_bytes + header.payload_bytes;
}

template <class Answer> std::optional<error> failure_in(const result<Answer> &answer, const wire::segment_id &about) {
  if (!answer) {
    return answer.error();
  }
  if (answer->segment != about) {
    return make_error(code::malformed, "the answer is about another segment");
  }
  return std::nullopt;
}

} // namespace

segment_repair::segment_repair(segment_task task, peers &servers, const segment_seal::states &sealed)
    : task_(std::move(task)), servers_(servers) {
  const sealed_tail found = find_sealed_tail(task_, sealed);
  at_ = found.committed;
  end_ = found.highest;
  window_end_ = at_;
  on_sealed(sealed);
}

void segment_repair::on_sealed(const segment_seal::states &sealed) {
  lowest_end_ = find_sealed_tail(task_, sealed).lowest;
  for (const auto &[node, state] : sealed) {
    members_.try_emplace(node);
  }
}

void segment_repair::on_link_up(const std::string &node) {
  if (const auto found = members_.find(node); found != members_.end()) {
    found->second.tries.on_link_up();
  }
}

void segment_repair::step(time_point now) {
  if (done() || superseded_.has_value() || !stopped_.empty()) {
    return;
  }
  pass_over_kept();
  if (!done() && at_ == window_end_) {
    open_window(now);
  }
  list_members(now);
  if (!done() && !awaits_listing(now)) {
    copy_next(now);
  }
}

// ---- who has what ---------------------------------------------------------------------------------------------------

void segment_repair::open_window(time_point now) {
  window_.clear();
  window_end_ = std::min(end_, at_ + task_.window_entries_max);
  window_at_ = now;
  for (auto &[node, one] : members_) {
    one.listed_to = at_;
  }
}

void segment_repair::list_members(time_point now) {
  for (auto &[node, one] : members_) {
    one.listed_to = std::max(one.listed_to, at_);
    if (one.listed_to < window_end_ && one.tries.ready(now)) {
      list(node, now);
    }
  }
}

void segment_repair::list(const std::string &node, time_point now) {
  member &asked = members_[node];
  asked.tries.on_asked();
  asked.listing = true;
  wire::list_entries message;
  message.segment = task_.segment;
  message.from = asked.listed_to;
  message.to = window_end_;
  message.count_max = task_.window_entries_max;
  servers_.list_entries(
      node, message, now + task_.request_timeout,
      [this, node, alive = std::weak_ptr<bool>(alive_)](const result<wire::entries> &answer, const rope &) {
        if (alive.expired()) {
          return;
        }
        on_listed(node, answer);
        const auto changed = task_.changed;
        changed();
      });
}

void segment_repair::on_listed(const std::string &node, const result<wire::entries> &answer) {
  member &asked = members_[node];
  asked.listing = false;
  if (const std::optional<error> why = failure_in(answer, task_.segment)) {
    on_failure(node, *why);
    return;
  }
  // A listing ends at the server's local tail: nothing follows there.
  const bool all = answer->next >= answer->state.local_tail;
  if (!all && answer->next <= asked.listed_to) {
    on_failure(node, make_error(code::malformed, "its listing of entries does not go on"));
    return;
  }
  asked.tries.on_answer();
  asked.listed_to = all ? window_end_ : answer->next;
  for (const buffer &raw : answer->entry_headers) {
    note_entry(node, raw);
  }
}

void segment_repair::note_entry(const std::string &node, const buffer &raw) {
  const result<wire::entry_header> header = wire::decode_entry_header(raw.span());
  if (!header) {
    say(OUTSIZE_LOG_ERROR, fmt::format("damaged entry: log={} segment={} node={} why=\"{}\"", task_.log,
                                       task_.segment.index, node, header.error().text));
    return;
  }
  if (header->segment != task_.segment || header->offset < at_ || header->offset >= window_end_) {
    return;
  }
  known_entry &entry = window_.try_emplace(header->offset, known_entry{header.value(), {}}).first->second;
  if (entry.header.checksum != header->checksum) {
    stop(fmt::format("offset {} has one value on {} and another on {}", header->offset, *entry.holders.begin(), node));
    return;
  }
  entry.holders.insert(node);
}

/// A server that is slow to list is waited for a moment; one that fails is not waited for.
bool segment_repair::awaits_listing(time_point now) const {
  const bool some = std::any_of(members_.begin(), members_.end(), [](const auto &one) { return one.second.listing; });
  return some && now < window_at_ + listing_patience;
}

// ---- going forward --------------------------------------------------------------------------------------------------

void segment_repair::pass_over_kept() {
  for (auto entry = window_.find(at_); entry != window_.end() && at_ < end_; entry = window_.find(at_)) {
    if (entry->second.holders.size() < task_.replication) {
      break;
    }
    if (task_.known_tail != wire::no_offset) {
      kept_[at_] = entry->second.header.checksum;
    }
    ++at_;
    lost_.clear();
  }
  if (piece_.has_value() && at_ >= piece_->end) {
    piece_.reset();
  }
}

void segment_repair::copy_next(time_point now) {
  if (piece_.has_value()) {
    store_piece(now);
    return;
  }
  if (fetching_) {
    return;
  }
  if (const std::string source = find_source(now); !source.empty()) {
    fetch(source, now);
    return;
  }
  on_no_source();
}

std::string segment_repair::find_source(time_point now) const {
  const auto entry = window_.find(at_);
  if (entry == window_.end()) {
    return {};
  }
  for (const std::string &node : entry->second.holders) {
    if (members_.at(node).tries.ready(now)) {
      return node;
    }
  }
  return {};
}

/// Nobody can give the entry at `at_` now.
void segment_repair::on_no_source() {
  const auto may_still_give = [this](const auto &one) {
    const bool listed = one.second.listed_to > at_;
    return one.second.tries.asked() || (!listed && !one.second.tries.failing());
  };
  if (std::any_of(members_.begin(), members_.end(), may_still_give)) {
    return;
  }
  if (at_ >= lowest_end_) {
    say(OUTSIZE_LOG_WARN, fmt::format("segment cut: log={} segment={} end={} instead_of={} why=\"never committed, and "
                                      "no server with a copy can be reached\"",
                                      task_.log, task_.segment.index, at_, end_));
    end_ = at_;
    return;
  }
  const auto has_listed = [this](const auto &one) { return one.second.listed_to > at_; };
  const bool asked_all = members_.size() == task_.nodeset.size() &&
                         std::all_of(members_.begin(), members_.end(), has_listed) &&
                         (window_.count(at_) == 0 || window_.at(at_).holders.empty());
  if (asked_all && lost_.empty()) {
    lost_ = fmt::format("data_loss: no server has an intact copy of offset {}", at_);
    say(OUTSIZE_LOG_ERROR, fmt::format("entry lost: log={} segment={} offset={} consequence=\"the log cannot be opened "
                                       "before a server with a copy is back\"",
                                       task_.log, task_.segment.index, at_));
  }
}

// ---- from a server that has it --------------------------------------------------------------------------------------

/// How far entries can be taken from `source` in one go: consecutive, lacking a quorum, within the bytes allowed.
offset_t segment_repair::piece_end(const std::string &source) const {
  std::uint64_t bytes = 0;
  offset_t end = at_;
  for (auto entry = window_.find(at_); entry != window_.end() && entry->first == end; ++entry) {
    const known_entry &known = entry->second;
    bytes += bytes_of(known.header);
    const bool wanted = known.holders.count(source) != 0 && known.holders.size() < task_.replication;
    if (!wanted || (end > at_ && bytes > task_.repair_bytes_max)) {
      break;
    }
    ++end;
  }
  return end;
}

duration segment_repair::patience_with(const std::string &node) const {
  return task_.request_timeout * members_.at(node).tries.patience();
}

void segment_repair::fetch(const std::string &node, time_point now) {
  members_[node].tries.on_asked();
  fetching_ = true;
  wire::fetch message;
  message.segment = task_.segment;
  message.from = at_;
  message.to = piece_end(node);
  message.bytes_max = task_.repair_bytes_max;
  message.flags = wire::fetch_beyond_tail;
  message.global_tail = at_;
  servers_.fetch(node, message, now + patience_with(node),
                 [this, node, first = at_, alive = std::weak_ptr<bool>(alive_)](const result<wire::fetched> &answer,
                                                                                const rope &payload) {
                   if (alive.expired()) {
                     return;
                   }
                   on_fetched(node, first, answer, payload);
                   const auto changed = task_.changed;
                   changed();
                 });
}

void segment_repair::on_fetched(const std::string &node, offset_t first, const result<wire::fetched> &answer,
                                const rope &payload) {
  fetching_ = false;
  if (const std::optional<error> why = failure_in(answer, task_.segment)) {
    on_failure(node, *why);
    return;
  }
  members_[node].tries.on_answer();
  piece made{first, first, {}, {}};
  for (const buffer &raw : answer->entry_headers) {
    const auto known = window_.find(made.end);
    const result<wire::entry_header> header = wire::decode_entry_header(raw.span());
    if (known == window_.end() || !header || header->checksum != known->second.header.checksum) {
      break;
    }
    const std::uint64_t bytes = header->record_header_bytes + header->payload_bytes;
    if (bytes > payload.size() - made.payload.size()) {
      break;
    }
    const rope body = payload.slice(made.payload.size(), bytes);
    if (!wire::verify_entry(header.value(), body)) {
      break;
    }
    made.headers.push_back(raw);
    made.payload.append(body);
    ++made.end;
  }
  if (made.end > first) {
    piece_ = std::move(made);
    return;
  }
  say(OUTSIZE_LOG_ERROR, fmt::format("damaged entry: log={} segment={} node={} offset={} why=\"it is listed there, and "
                                     "no intact copy comes\"",
                                     task_.log, task_.segment.index, node, first));
  window_.at(first).holders.erase(node);
}

// ---- to servers that lack it ----------------------------------------------------------------------------------------

bool segment_repair::lacks_piece(const std::string &node) const {
  for (auto entry = window_.lower_bound(piece_->first); entry != window_.end() && entry->first < piece_->end; ++entry) {
    if (entry->second.holders.count(node) == 0) {
      return true;
    }
  }
  return false;
}

void segment_repair::store_piece(time_point now) {
  for (auto &[node, one] : members_) {
    if (one.tries.ready(now) && lacks_piece(node)) {
      store(node, now);
    }
  }
}

void segment_repair::store(const std::string &node, time_point now) {
  members_[node].tries.on_asked();
  wire::store message;
  message.segment = task_.segment;
  message.generation = task_.generation;
  message.wave = 1;
  message.flags = wire::store_is_repair;
  message.global_tail = piece_->first; // all below is on a write quorum: a server that lacks some of it may jump
  message.first = piece_->first;
  message.time_left_ms =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(patience_with(node)).count());
  message.entry_headers = piece_->headers;
  servers_.store(node, std::move(message), piece_->payload, now + patience_with(node),
                 [this, node, first = piece_->first, end = piece_->end,
                  alive = std::weak_ptr<bool>(alive_)](const result<wire::stored> &answer, const rope &) {
                   if (alive.expired()) {
                     return;
                   }
                   on_stored(node, first, end, answer);
                   const auto changed = task_.changed;
                   changed();
                 });
}

void segment_repair::on_stored(const std::string &node, offset_t first, offset_t end,
                               const result<wire::stored> &answer) {
  if (const std::optional<error> why = failure_in(answer, task_.segment)) {
    on_failure(node, *why);
    return;
  }
  if (answer->refused.has_value()) {
    on_failure(node, wire::to_error(*answer->refused));
    return;
  }
  members_[node].tries.on_answer();
  for (auto entry = window_.lower_bound(first); entry != window_.end() && entry->first < end; ++entry) {
    entries_copied_ += entry->second.holders.insert(node).second ? 1 : 0;
  }
}

// ---- failures and words ---------------------------------------------------------------------------------------------

void segment_repair::on_failure(const std::string &node, const error &why) {
  const std::uint64_t random = task_.random ? task_.random() : 0;
  if (members_[node].tries.on_failure(why, task_.pause_min, task_.pause_max, random, task_.now())) {
    superseded_ = fmt::format("{} answered a repair with {}: {}", node, name_of(why.code), why.text);
  }
}

void segment_repair::stop(std::string why) {
  if (stopped_.empty()) {
    stopped_ = std::move(why);
    say(OUTSIZE_LOG_ERROR,
        fmt::format("segment has two values at one offset: log={} segment={} why=\"{}\" remedy=\"outsize digest {}\"",
                    task_.log, task_.segment.index, stopped_, task_.log));
  }
}

time_point segment_repair::next_time() const {
  if (done() || !stopped_.empty()) {
    return never;
  }
  const time_point patient_until = window_at_ + listing_patience;
  const bool patient = awaits_listing(task_.now());
  time_point next = patient ? patient_until : never;
  for (const auto &[node, one] : members_) {
    // One that is due already is asked when there is something to ask it for.
    next = one.tries.next_time() > task_.now() ? std::min(next, one.tries.next_time()) : next;
  }
  return next;
}

std::string segment_repair::waits_for() const {
  std::string servers;
  for (const std::string &node : task_.nodeset) {
    const auto found = members_.find(node);
    const std::string state = found == members_.end()         ? "not sealed yet"
                              : found->second.tries.failing() ? found->second.tries.last_error()
                              : found->second.tries.asked()   ? "asked"
                                                              : "ready";
    servers += fmt::format("{}{} ({})", servers.empty() ? "" : ", ", node, state);
  }
  const std::string trouble = stopped_.empty() ? lost_ : stopped_;
  return fmt::format("repairing segment {}: at offset {} of {}..{}, each must be on {} servers{}{}; {}",
                     task_.segment.index, at_, at_, end_, task_.replication, trouble.empty() ? "" : ": ", trouble,
                     servers);
}

void segment_repair::say(int level, const std::string &text) const {
  if (task_.log_line) {
    task_.log_line(level, text);
  }
}

} // namespace outsize::host
