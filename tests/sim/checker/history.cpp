#include "sim/checker/history.hpp"

#include <outsize/wire/codec.hpp>
#include <outsize/wire/limits.hpp>

#include <algorithm>

namespace outsize::sim {

void history::on_append(const made_record &what) {
  fate &of = records_[what.content];
  of.what = what;
  ++of.tries;
  ++totals_.appends;
  ++unanswered_;
}

void history::on_answer(const made_record &what, const wire::append_result &answer) {
  --unanswered_;
  fate &of = records_[what.content];
  if (!answer.refused.has_value()) {
    ++totals_.acknowledged;
    check_acknowledged(of, answer);
  } else if (answer.refused->why == code::outcome_unknown) {
    ++totals_.unknown;
  } else {
    ++totals_.refused[std::string(name_of(answer.refused->why))];
    ++of.refused;
    check_refusal(what, *answer.refused);
  }
}

void history::check_acknowledged(fate &of, const wire::append_result &answer) {
  const std::string &log = of.what.log;
  const auto segment = chains_.holding(log, answer.offset);
  const stored_value *value = segment ? copies_.find(*segment, answer.offset) : nullptr;
  if (value == nullptr || value->content != of.what.content || value->kind != wire::entry_kind::data) {
    found_.add("L3", "log {} offset {} was acknowledged for a record of {} bytes that is not there{}", log,
               answer.offset, of.what.record_bytes,
               segment && segment->index > 0 ? " (or lies beyond the end of a sealed segment: L6)" : "");
    return;
  }
  if (answer.offset >= copies_.quorum_tail(*segment)) {
    found_.add("L3", "log {} offset {} was acknowledged, but only what is below {} is on a write quorum", log,
               answer.offset, copies_.quorum_tail(*segment));
  }
  if (answer.entry_bytes != value->bytes) {
    found_.add("Z2", "log {} offset {}: {} bytes were reported, {} are stored", log, answer.offset, answer.entry_bytes,
               value->bytes);
  }
  of.acknowledged.insert(answer.offset);
  if (of.acknowledged.size() > 1) {
    found_.add("L2", "log {}: one record was acknowledged at two offsets, {} and {}", log, *of.acknowledged.begin(),
               *of.acknowledged.rbegin());
  }
  const auto [at, fresh] = acknowledged_[log].try_emplace(answer.offset, of.what.content);
  if (!fresh && at->second != of.what.content) {
    found_.add("L2", "log {} offset {} was acknowledged for two records", log, answer.offset);
  }
}

void history::check_refusal(const made_record &what, const wire::refusal &why) {
  switch (why.why) {
  case code::internal:
  case code::malformed:
  case code::checksum_mismatch:
  case code::unsupported:
  case code::offset_occupied:
    found_.add("form", "log {}: an append of {} bytes was answered {}: {}", what.log, what.record_bytes,
               name_of(why.why), why.text);
    return;
  case code::too_large:
  case code::header_too_large:
    if (why.actual_bytes <= why.limit_bytes || why.limit_bytes == 0 || why.limit_source.empty()) {
      found_.add("Z5", "log {}: a size refusal without its sizes: actual {} limit {} source \"{}\" text \"{}\"",
                 what.log, why.actual_bytes, why.limit_bytes, why.limit_source, why.text);
    }
    return;
  default:
    return;
  }
}

offset_t history::last_acknowledged(const std::string &log) const {
  const auto found = acknowledged_.find(log);
  return found == acknowledged_.end() || found->second.empty() ? 0 : found->second.rbegin()->first;
}

// ---- tails ----------------------------------------------------------------------------------------------------------

offset_t history::tail_floor(const std::string &log) const {
  const auto told = highest_tail_.find(log);
  return std::max(told == highest_tail_.end() ? 0 : told->second, last_acknowledged(log) + 1);
}

void history::on_tail(const std::string &log, offset_t floor, const wire::tail &answer) {
  if (answer.global_tail < floor) {
    found_.add("L5", "log {}: the tail was {} when at least {} was known before", log, answer.global_tail, floor);
  }
  const auto segment = chains_.holding(log, answer.global_tail);
  if (segment && answer.global_tail > copies_.quorum_tail(*segment)) {
    found_.add("L4", "log {}: the tail was told to be {}, but only what is below {} is on a write quorum", log,
               answer.global_tail, copies_.quorum_tail(*segment));
  }
  highest_tail_[log] = std::max(highest_tail_[log], answer.global_tail);
}

// ---- reads ----------------------------------------------------------------------------------------------------------

void history::on_read(const std::string &log, offset_t from, const client::read_batch &batch) {
  offset_t expected = from;
  for (const client::read_record &record : batch.records) {
    // Offsets between two records must hold none.
    for (; expected < record.offset; ++expected) {
      const auto segment = chains_.holding(log, expected);
      const stored_value *skipped = segment ? copies_.find(*segment, expected) : nullptr;
      if (skipped == nullptr || skipped->kind == wire::entry_kind::data) {
        found_.add("L7", "log {}: a read from {} left out offset {}", log, from, expected);
      }
    }
    if (record.offset < expected) {
      found_.add("L7", "log {}: a read from {} gave offset {} when {} was next", log, from, record.offset, expected);
    }
    check_read_record(log, record);
    expected = record.offset + 1;
    ++totals_.records_read;
  }
  for (; expected < batch.next; ++expected) {
    const auto segment = chains_.holding(log, expected);
    const stored_value *skipped = segment ? copies_.find(*segment, expected) : nullptr;
    if (skipped == nullptr || skipped->kind == wire::entry_kind::data) {
      found_.add("L7", "log {}: a read from {} went on to {} and left out offset {}", log, from, batch.next, expected);
      return;
    }
  }
  if (batch.next < expected && !batch.records.empty()) {
    found_.add("L7", "log {}: a read from {} would go on at {}, although {} was given", log, from, batch.next,
               expected - 1);
  }
}

void history::check_read_record(const std::string &log, const client::read_record &record) {
  const auto segment = chains_.holding(log, record.offset);
  const stored_value *value = segment ? copies_.find(*segment, record.offset) : nullptr;
  if (value == nullptr || record.offset >= copies_.quorum_tail(*segment)) {
    found_.add("L7", "log {}: a reader saw offset {}, which is not committed", log, record.offset);
    return;
  }
  const auto header = wire::encode_record_header(record.header);
  rope bytes;
  if (header) {
    bytes.append(header.value());
  }
  bytes.append(record.payload);
  if (value->content != wire::digest_of(bytes)) {
    found_.add("L7", "log {}: a reader saw other bytes at offset {} than are stored", log, record.offset);
  }
  if (!records_.contains(value->content)) {
    found_.add("L7", "log {}: offset {} holds a record that nobody appended", log, record.offset);
  }
}

// ---- the end --------------------------------------------------------------------------------------------------------

void history::check_end() {
  for (const auto &[name, log] : chains_.logs()) {
    check_log_at_end(name);
  }
  for (const auto &[content, of] : records_) {
    const bool nothing_left = of.acknowledged.empty() && of.refused == of.tries;
    if (nothing_left && copies_.holds_content(content)) {
      found_.add("Z5", "log {}: a record of {} bytes was refused each time, and is there", of.what.log,
                 of.what.record_bytes);
    }
  }
}

void history::check_log_at_end(const std::string &log) {
  std::map<wire::digest, offset_t> seen;
  for (const host::segment_record &segment : chains_.find(log)->chain) {
    const segment_id id = chains_.find(log)->id_of(segment);
    const offset_t end = segment.end.value_or(copies_.quorum_tail(id));
    if (end > copies_.quorum_tail(id)) {
      found_.add("L3", "log {}: segment {} ended at {}, but only what is below {} is on a write quorum", log,
                 segment.index, end, copies_.quorum_tail(id));
      continue;
    }
    for (offset_t offset = segment.base; offset < end; ++offset) {
      const stored_value &value = *copies_.find(id, offset);
      if (value.kind != wire::entry_kind::data) {
        continue;
      }
      const auto record = records_.find(value.content);
      if (record == records_.end()) {
        found_.add("L7", "log {}: offset {} holds a record that nobody appended", log, offset);
        continue;
      }
      // A table of producers' sequences that survives a restart comes with failover; until then a sequence that was
      // sent again may be there twice, but never more often than it was sent.
      const auto [first, fresh] = seen.try_emplace(value.content, offset);
      if (!fresh && record->second.tries == 1) {
        found_.add("L7", "log {}: a record that was appended once is there twice, at {} and {}", log, first->second,
                   offset);
      }
    }
  }
  for (const auto &[offset, content] : acknowledged_[log]) {
    const auto segment = chains_.holding(log, offset);
    const stored_value *value = segment ? copies_.find(*segment, offset) : nullptr;
    if (value == nullptr || value->content != content || offset >= copies_.quorum_tail(*segment)) {
      found_.add("L3", "log {}: offset {} was acknowledged and is lost", log, offset);
    }
  }
}

} // namespace outsize::sim
