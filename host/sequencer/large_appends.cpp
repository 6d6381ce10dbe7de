#include "host/sequencer/large_appends.hpp"

#include "host/core/check.hpp"

#include <outsize/abi/host.h>
#include <outsize/wire/codec.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace outsize::host {

large_appends::large_appends(settings how, environment around)
    : settings_(std::move(how)), around_(std::move(around)), turns_(settings_.bulk_window_bytes) {}

large_appends::~large_appends() {
  for (auto &[record, what] : open_) {
    if (what.upload != 0) {
      around_.blobs->abandon(what.upload);
    }
  }
}

std::uint64_t large_appends::piece_bytes_of(const plan &what) {
  return what.how == wire::stored_as::split ? what.fragment_bytes : blob_part_bytes;
}

// ---- in -------------------------------------------------------------------------------------------------------------

result<void> large_appends::may_open() const {
  if (open_.size() < settings_.open_max) {
    return {};
  }
  return size_error(code::overloaded,
                    fmt::format("log {}: {} large records are under way, at most {} may be", settings_.log,
                                open_.size(), settings_.open_max),
                    open_.size(), settings_.open_max);
}

void large_appends::open(std::uint64_t record, buffer record_header, std::uint64_t payload_bytes, const plan &what,
                         time_point now) {
  piece_check check(record_header, payload_bytes, piece_bytes_of(what));
  large made{.record_header = std::move(record_header),
             .payload_bytes = payload_bytes,
             .what = what,
             .check = std::move(check)};
  made.heard_at = now;
  if (what.how == wire::stored_as::split) {
    made.set = ++last_set_;
  } else {
    OUTSIZE_CHECK(around_.blobs != nullptr, "admission takes no plan for a store that is not there");
    made.key = around_.make_key();
    made.upload = around_.blobs->begin(what.blob_store, made.key, payload_bytes);
  }
  open_.emplace(record, std::move(made));
}

result<void> large_appends::add_piece(std::uint64_t record, std::uint32_t index, const wire::digest &content,
                                      rope bytes, time_point now) {
  large &what = open_.at(record);
  what.heard_at = now;
  if (result<void> fits = what.check.take(index, content, bytes); !fits) {
    remove(record, fits.error().text, true);
    return fits;
  }
  if (what.what.how == wire::stored_as::split) {
    turns_.add({record, index, content, std::move(bytes)});
    give_fragments();
  } else {
    upload(record, what, content, std::move(bytes));
  }
  return {};
}

result<void> large_appends::finish(std::uint64_t record, const wire::digest &content, time_point now) {
  large &what = open_.at(record);
  what.heard_at = now;
  if (result<void> whole = what.check.finish(content); !whole) {
    remove(record, whole.error().text, true);
    return whole;
  }
  what.content = content;
  finish_if_whole(record, what);
  return {};
}

void large_appends::add_all(std::uint64_t record, const rope &payload, const wire::digest &content, time_point now) {
  const std::uint64_t piece_bytes = piece_bytes_of(open_.at(record).what);
  std::uint32_t index = 0;
  for (std::uint64_t from = 0; from < payload.size() && is_open(record); from += piece_bytes) {
    rope piece = payload.slice(from, std::min(piece_bytes, payload.size() - from));
    const wire::digest of_piece = wire::digest_of(piece);
    const result<void> taken = add_piece(record, index++, of_piece, std::move(piece), now);
    OUTSIZE_CHECK(taken.has_value(), "pieces cut here are as they were announced");
  }
  if (is_open(record)) {
    const result<void> whole = finish(record, content, now);
    OUTSIZE_CHECK(whole.has_value(), "the digest of the whole was compared before");
  }
}

bool large_appends::has_last_entry(std::uint64_t record) const {
  const auto found = open_.find(record);
  return found != open_.end() && found->second.last_entry != 0;
}

// ---- split ----------------------------------------------------------------------------------------------------------

void large_appends::give_fragments() {
  while (const std::optional<bulk_turns::piece> one = turns_.next()) {
    give(*one);
  }
}

void large_appends::give(const bulk_turns::piece &one) {
  large &what = open_.at(one.record);
  admitted_record made;
  made.kind = wire::entry_kind::fragment;
  made.set = what.set;
  made.fragment_index = one.index;
  made.total_bytes = what.payload_bytes;
  made.payload_bytes = one.bytes.size();
  made.content = one.content;
  made.bytes = one.bytes;
  const std::uint64_t ticket = around_.append(std::move(made));
  entries_[ticket] = {.record = one.record, .bytes = one.bytes.size()};
  ++what.fragments_sent;
  around_.on_taken(one.record);
}

std::optional<large_appends::committed> large_appends::on_committed(std::uint64_t ticket, offset_t offset) {
  const auto found = entries_.find(ticket);
  const entry done = std::move(found->second);
  entries_.erase(found);
  if (done.is_last) {
    open_.erase(done.record);
    return done.outcome;
  }
  turns_.give_back(done.bytes);
  if (done.bytes > 0 && done.record != 0) {
    large &what = open_.at(done.record);
    what.first = what.first == wire::no_offset ? offset : what.first;
    what.last = offset;
    ++what.fragments_stored;
    if (around_.next_offset() - what.first >= settings_.span_max) {
      end(done.record, make_error(code::overloaded,
                                  fmt::format("log {}: {} offsets were given since the first fragment of a record of "
                                              "{} bytes, which is too slow to go on",
                                              settings_.log, settings_.span_max, what.payload_bytes)));
    } else {
      finish_if_whole(done.record, what);
    }
  }
  give_fragments();
  return std::nullopt;
}

void large_appends::finish_if_whole(std::uint64_t record, large &what) {
  if (!what.content.has_value() || what.last_entry != 0) {
    return;
  }
  if (what.what.how == wire::stored_as::spilled) {
    finish_upload(record, what);
    return;
  }
  if (what.fragments_stored < what.check.pieces()) {
    return;
  }
  wire::split_record split;
  split.first = what.first;
  split.last = what.last;
  split.fragments = what.check.pieces();
  split.fragment_bytes = what.what.fragment_bytes;
  split.payload_bytes = what.payload_bytes;
  split.content = *what.content;
  ++counted_.split;
  counted_.fragments += split.fragments;
  counted_.split_bytes += what.payload_bytes;
  give_last_entry(record, what, wire::entry_kind::commit, wire::encode_split_record(split));
}

void large_appends::give_last_entry(std::uint64_t record, large &what, wire::entry_kind kind, const buffer &body) {
  admitted_record made;
  made.kind = kind;
  made.set = what.set;
  made.total_bytes = what.payload_bytes;
  made.record_header_bytes = static_cast<std::uint32_t>(what.record_header.size());
  made.payload_bytes = body.size();
  made.bytes.append(what.record_header);
  made.bytes.append(body);
  made.content = wire::digest_of(made.bytes);
  committed outcome;
  outcome.record = record;
  outcome.how = what.what.how;
  outcome.fragments = kind == wire::entry_kind::commit ? what.check.pieces() : 0;
  outcome.store = what.what.blob_store;
  outcome.entry_bytes = wire::entry_header_bytes + made.bytes.size();
  outcome.payload_bytes = what.payload_bytes;
  what.last_entry = around_.append(std::move(made));
  entries_[what.last_entry] = {.record = record, .is_last = true, .outcome = std::move(outcome)};
  around_.on_last_entry(record);
}

// ---- spill ----------------------------------------------------------------------------------------------------------

void large_appends::upload(std::uint64_t record, large &what, const wire::digest &content, rope bytes) {
  what.parts.add(content);
  ++what.parts_under_way;
  around_.blobs->add(what.upload, std::move(bytes),
                     [this, record, still = std::weak_ptr<bool>(alive_)](const result<void> &outcome) {
                       if (!still.expired() && is_open(record)) {
                         on_uploaded(record, outcome);
                         around_.changed();
                       }
                     });
}

void large_appends::on_uploaded(std::uint64_t record, const result<void> &outcome) {
  large &what = open_.at(record);
  --what.parts_under_way;
  if (outcome) {
    around_.on_taken(record);
  } else {
    end(record, outcome.error());
  }
}

/// The reference is appended only when the blob is durable and verified.
void large_appends::finish_upload(std::uint64_t record, large &what) {
  around_.blobs->finish(what.upload, [this, record, still = std::weak_ptr<bool>(alive_)](const result<void> &outcome) {
    if (still.expired() || !is_open(record)) {
      return;
    }
    large &done = open_.at(record);
    done.upload = 0;
    if (!outcome) {
      end(record, outcome.error());
    } else {
      ++counted_.spilled;
      counted_.spilled_bytes += done.payload_bytes;
      give_last_entry(record, done, wire::entry_kind::reference,
                      wire::encode_spilled_record({done.what.blob_store, done.key, done.payload_bytes, *done.content,
                                                   blob_part_bytes, done.parts.value()}));
    }
    around_.changed();
  });
}

// ---- ends -----------------------------------------------------------------------------------------------------------

void large_appends::end(std::uint64_t record, const error &why) {
  remove(record, why.text, true);
  around_.on_ended(record, why);
}

void large_appends::abandon(std::uint64_t record, const std::string &why) {
  if (is_open(record) && !has_last_entry(record)) {
    remove(record, why, true);
  }
}

void large_appends::remove(std::uint64_t record, const std::string &why, bool segment_is_open) {
  const auto found = open_.find(record);
  large what = std::move(found->second);
  open_.erase(found);
  turns_.drop(record);
  if (what.upload != 0) {
    around_.blobs->abandon(what.upload);
  }
  for (auto at = entries_.begin(); at != entries_.end();) {
    if (at->second.record != record) {
      ++at;
    } else if (segment_is_open && around_.withdraw(at->first)) {
      turns_.give_back(at->second.bytes);
      --what.fragments_sent;
      at = entries_.erase(at);
    } else {
      at->second.record = 0; // it goes its way, and nobody waits for it
      ++at;
    }
  }
  if (what.fragments_sent == 0) {
    return;
  }
  const std::uint64_t dead_bytes = what.sent_bytes();
  counted_.dead_bytes += dead_bytes;
  say(OUTSIZE_LOG_WARN, fmt::format("split record ended before it was whole: log={} set={} fragments={} bytes={} "
                                    "why=\"{}\"",
                                    settings_.log, what.set, what.fragments_sent, dead_bytes, why));
  if (segment_is_open) {
    ++counted_.aborted;
    give_abort_entry(what, why);
  } else {
    ++counted_.cut_off;
  }
}

void large_appends::give_abort_entry(const large &what, const std::string &why) {
  admitted_record made;
  made.kind = wire::entry_kind::abort;
  made.set = what.set;
  made.total_bytes = what.payload_bytes;
  const buffer body = wire::encode_aborted_set({what.fragments_sent, what.sent_bytes(), why});
  made.payload_bytes = body.size();
  made.bytes.append(body);
  made.content = wire::digest_of(made.bytes);
  entries_[around_.append(std::move(made))] = {};
}

void large_appends::on_segment_closed() {
  std::vector<std::uint64_t> cut_off;
  for (const auto &[record, what] : open_) {
    if (what.last_entry == 0) {
      cut_off.push_back(record);
    }
  }
  for (const std::uint64_t record : cut_off) {
    remove(record, "its segment was closed", false);
    around_.on_ended(record, make_error(code::log_recovering,
                                        fmt::format("log {}: the segment was closed before the record was whole; it "
                                                    "has to be sent again from its beginning",
                                                    settings_.log)));
  }
  turns_.clear();
}

std::optional<large_appends::committed> large_appends::take_last_entry(std::uint64_t ticket) {
  const auto found = entries_.find(ticket);
  if (found == entries_.end() || !found->second.is_last) {
    return std::nullopt;
  }
  committed made = std::move(found->second.outcome);
  entries_.erase(found);
  open_.erase(made.record);
  return made;
}

void large_appends::on_time(time_point now) {
  std::vector<std::uint64_t> idle;
  for (const auto &[record, what] : open_) {
    if (what.waits_for_client() && what.heard_at + settings_.idle_max <= now) {
      idle.push_back(record);
    }
  }
  for (const std::uint64_t record : idle) {
    end(record, make_error(code::timed_out,
                           fmt::format("log {}: nothing came of the record for {} s", settings_.log,
                                       std::chrono::duration_cast<std::chrono::seconds>(settings_.idle_max).count())));
  }
}

/// Everything that came has gone on, so the next step is the client's.
bool large_appends::large::waits_for_client() const {
  return !content.has_value() &&
         (what.how == wire::stored_as::split ? fragments_sent == check.pieces_taken() : parts_under_way == 0);
}

std::uint64_t large_appends::large::sent_bytes() const {
  return std::min(payload_bytes, fragments_sent * what.fragment_bytes);
}

time_point large_appends::next_time() const {
  time_point next = never;
  for (const auto &[record, what] : open_) {
    if (what.waits_for_client()) {
      next = std::min(next, what.heard_at + settings_.idle_max);
    }
  }
  return next;
}

void large_appends::say(int level, const std::string &line) const {
  around_.log(level, line);
}

} // namespace outsize::host
