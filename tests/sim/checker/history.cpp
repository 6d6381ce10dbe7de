#include "sim/checker/history.hpp"

#include <outsize/wire/codec.hpp>
#include <outsize/wire/limits.hpp>

#include <algorithm>

namespace outsize::sim {

namespace {

/// What the record needs as one entry, alone in the message that adds most to it.
std::uint64_t message_bytes_of(const made_record &what) {
  return wire::carrier_overhead_bytes + wire::entry_header_bytes + what.record_bytes;
}

} // namespace

sent_append history::on_append(made_record what) {
  fate &of = records_[what.content];
  of.what = what;
  ++of.tries;
  ++totals_.appends;
  ++unanswered_;
  const host::log_record *log = chains_.find(what.log);
  const std::size_t segments = log == nullptr ? 0 : log->chain.size();
  return {std::move(what), static_cast<std::uint32_t>(segments == 0 ? 0 : segments - 1)};
}

void history::on_answer(const sent_append &sent, const wire::append_result &answer) {
  --unanswered_;
  fate &of = records_[sent.what.content];
  if (!answer.refused.has_value()) {
    ++totals_.acknowledged;
    check_acknowledged(of, sent, answer);
  } else if (answer.refused->why == code::outcome_unknown) {
    ++totals_.unknown;
    seen_.add("refused/outcome_unknown");
  } else {
    ++totals_.refused[std::string(name_of(answer.refused->why))];
    ++of.refused;
    check_refusal(sent, *answer.refused);
  }
}

// ---- acknowledged ---------------------------------------------------------------------------------------------------

void history::check_acknowledged(fate &of, const sent_append &sent, const wire::append_result &answer) {
  seen_.add("rule/L3");
  seen_.add(answer.duplicate != 0 ? "append/acknowledged-again" : "append/acknowledged");
  const std::string &log = of.what.log;
  const auto segment = chains_.holding(log, answer.offset);
  const stored_value *value = segment ? copies_.find(*segment, answer.offset) : nullptr;
  if (value == nullptr || value->record != of.what.content || !is_record(value->kind)) {
    found_.add("L3", "log {} offset {} was acknowledged for a record of {} bytes that is not there{}", log,
               answer.offset, of.what.record_bytes,
               segment && segment->index > 0 ? " (or lies beyond the end of a sealed segment: L6)" : "");
    return;
  }
  if (answer.offset >= copies_.quorum_tail(*segment)) {
    found_.add("L3", "log {} offset {} was acknowledged, but only what is below {} is on a write quorum", log,
               answer.offset, copies_.quorum_tail(*segment));
  }
  seen_.add("rule/Z2");
  if (answer.entry_bytes != value->bytes) {
    found_.add("Z2", "log {} offset {}: {} bytes were reported, {} are stored", log, answer.offset, answer.entry_bytes,
               value->bytes);
  }
  check_stored_as(sent, answer, *value);
  of.acknowledged.insert(answer.offset);
  if (of.acknowledged.size() > 1) {
    found_.add("L2", "log {}: one record was acknowledged at two offsets, {} and {}", log, *of.acknowledged.begin(),
               *of.acknowledged.rbegin());
  }
  const auto [at, fresh] = acknowledged_[log].try_emplace(answer.offset, of.what.content, *segment);
  if (!fresh && at->second.content != of.what.content) {
    found_.add("L2", "log {} offset {} was acknowledged for two records", log, answer.offset);
  }
}

/// As one entry it is within the limit; larger than that only in fragments, or in the blob store.
void history::check_stored_as(const sent_append &sent, const wire::append_result &answer, const stored_value &value) {
  const bool is_split = value.split.has_value();
  if (is_split != (answer.stored == wire::stored_as::split) ||
      value.spilled.has_value() != (answer.stored == wire::stored_as::spilled) ||
      answer.fragments != (is_split ? value.split->fragments : 0)) {
    found_.add("Z2", "log {} offset {}: it was told to be stored as {} with {} fragments, {} are there", sent.what.log,
               answer.offset, static_cast<int>(answer.stored), answer.fragments, is_split ? value.split->fragments : 0);
  }
  if (!value.is_large()) {
    check_limit(sent, answer);
    return;
  }
  if (value.spilled.has_value()) {
    seen_.add(sent.in_pieces ? "spill/acknowledged-in-pieces" : "spill/acknowledged-whole");
    return;
  }
  seen_.add(sent.in_pieces ? "split/acknowledged-in-pieces" : "split/acknowledged-whole");
}

void history::check_limit(const sent_append &sent, const wire::append_result &answer) {
  const std::vector<std::uint64_t> limits = policy_limits_since(sent);
  const std::uint64_t message_bytes = message_bytes_of(sent.what);
  const bool fits = std::any_of(limits.begin(), limits.end(), [&](std::uint64_t one) { return message_bytes <= one; });
  // A sequence that is sent again is answered whatever the limit is now.
  if (!fits && answer.duplicate == 0) {
    found_.add("Z1", "log {} offset {}: a record that needs a message of {} bytes was let in; the limit was {}",
               sent.what.log, answer.offset, message_bytes, limits.empty() ? 0 : limits.back());
  }
}

/// What was acknowledged in a segment lies below the end that it is given.
void history::on_chain(const host::log_record &log) {
  for (const host::segment_record &segment : log.chain) {
    const auto &told = acknowledged_[log.name];
    if (!segment.end.has_value()) {
      continue;
    }
    for (auto at = told.lower_bound(*segment.end); at != told.end(); ++at) {
      if (at->second.segment == log.id_of(segment)) {
        found_.add("L6", "log {}: segment {} ended at {}, offset {} of it was acknowledged before", log.name,
                   segment.index, *segment.end, at->first);
      }
    }
  }
}

std::vector<std::uint64_t> history::policy_limits_since(const sent_append &sent) const {
  std::vector<std::uint64_t> made;
  const host::log_record *log = chains_.find(sent.what.log);
  for (std::size_t i = sent.segment; log != nullptr && i < log->chain.size(); ++i) {
    const std::uint64_t own = log->message_limit_bytes == 0 ? UINT64_MAX : log->message_limit_bytes;
    made.push_back(std::min(own, log->chain[i].segment_limit_bytes));
  }
  return made;
}

// ---- refused --------------------------------------------------------------------------------------------------------

void history::check_refusal(const sent_append &sent, const wire::refusal &why) {
  seen_.add("refused/" + std::string(name_of(why.why)));
  switch (why.why) {
  case code::internal:
  case code::malformed:
  case code::checksum_mismatch:
  case code::unsupported:
  case code::offset_occupied:
    found_.add("form", "log {}: an append of {} bytes was answered {}: {}", sent.what.log, sent.what.record_bytes,
               name_of(why.why), why.text);
    return;
  case code::too_large:
  case code::header_too_large:
    check_size_refusal(sent, why);
    return;
  default:
    return;
  }
}

/// Refused is only what really is over a limit that held, and the answer says by how much and whose limit it is.
void history::check_size_refusal(const sent_append &sent, const wire::refusal &why) {
  seen_.add("rule/Z5");
  const made_record &what = sent.what;
  if (why.actual_bytes <= why.limit_bytes || why.limit_bytes == 0 || why.limit_source.empty()) {
    found_.add("Z5", "log {}: a size refusal without its sizes: actual {} limit {} source \"{}\" text \"{}\"", what.log,
               why.actual_bytes, why.limit_bytes, why.limit_source, why.text);
  }
  if (why.why != code::too_large) {
    return;
  }
  if (why.actual_bytes != message_bytes_of(what)) {
    found_.add("Z2", "log {}: a record of {} bytes needs a message of {} bytes; it was refused for {}", what.log,
               what.record_bytes, message_bytes_of(what), why.actual_bytes);
  }
  const std::vector<std::uint64_t> limits = policy_limits_since(sent);
  if (std::find(limits.begin(), limits.end(), why.limit_bytes) == limits.end()) {
    found_.add("Z4", "log {}: a record of {} bytes was refused for a limit of {} bytes ({}) that did not hold",
               what.log, what.record_bytes, why.limit_bytes, why.limit_source);
  }
  if (why.actual_bytes == why.limit_bytes + 1) {
    seen_.add("size/one-above-limit");
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
  seen_.add("rule/L5");
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
      if (may_hold_record(log, expected)) {
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
    if (may_hold_record(log, expected)) {
      found_.add("L7", "log {}: a read from {} went on to {} and left out offset {}", log, from, batch.next, expected);
      return;
    }
  }
  if (batch.next < expected && !batch.records.empty()) {
    found_.add("L7", "log {}: a read from {} would go on at {}, although {} was given", log, from, batch.next,
               expected - 1);
  }
}

bool history::may_hold_record(const std::string &log, offset_t offset) const {
  const auto segment = chains_.holding(log, offset);
  const stored_value *there = segment ? copies_.find(*segment, offset) : nullptr;
  return there == nullptr || is_record(there->kind);
}

void history::check_read_record(const std::string &log, const client::read_record &record) {
  seen_.add("rule/L7");
  const auto segment = chains_.holding(log, record.offset);
  const stored_value *value = segment ? copies_.find(*segment, record.offset) : nullptr;
  if (value == nullptr || record.offset >= copies_.quorum_tail(*segment)) {
    found_.add("L7", "log {}: a reader saw offset {}, which is not committed", log, record.offset);
    return;
  }
  if (!records_.contains(value->record)) {
    found_.add("L7", "log {}: offset {} holds a record that nobody appended", log, record.offset);
  }
  if (record.large.has_value() != value->is_large()) {
    found_.add("L7", "log {}: a reader saw offset {} as something else than it is", log, record.offset);
    return;
  }
  if (record.large.has_value()) {
    check_large(log, record, *value);
    return;
  }
  const auto header = wire::encode_record_header(record.header);
  rope bytes;
  if (header) {
    bytes.append(header.value());
  }
  bytes.append(record.payload);
  if (value->record != wire::digest_of(bytes)) {
    found_.add("L7", "log {}: a reader saw other bytes at offset {} than are stored", log, record.offset);
  }
}

void history::check_large(const std::string &log, const client::read_record &record, const stored_value &value) {
  const auto *split = std::get_if<wire::split_record>(&record.large->kept);
  const auto *spilled = std::get_if<wire::spilled_record>(&record.large->kept);
  const bool is_it = split != nullptr ? value.split.has_value() && *split == *value.split
                                      : value.spilled.has_value() && *spilled == *value.spilled;
  const std::uint64_t bytes = split != nullptr ? split->payload_bytes : spilled->payload_bytes;
  if (!is_it || record.large->bytes != bytes || record.large->content != value.record || !record.payload.empty()) {
    found_.add("L7", "log {}: a reader was told of another large record at offset {} than is there", log,
               record.offset);
  }
}

/// Whole, and bit for bit what a client appended: two payloads with one digest are not to be had by accident.
void history::on_payload(const std::string &log, const client::read_record &record, const rope &payload) {
  const bool is_spilled = std::holds_alternative<wire::spilled_record>(record.large->kept);
  seen_.add(is_spilled ? "spill/payload-read" : "split/payload-read");
  rope bytes(record.large->record_header);
  bytes.append(payload);
  const auto made = records_.find(wire::digest_of(bytes));
  if (made == records_.end() || made->second.what.log != log || made->first != record.large->content ||
      made->second.what.payload_bytes != payload.size()) {
    found_.add("L7", "log {}: a reader got other bytes of the payload at offset {} than were appended", log,
               record.offset);
  }
}

/// Copies may be damaged or away, and are asked for again. What was put together of verified pieces is never wrong.
void history::on_payload_error(const std::string &log, const client::read_record &record, const error &why) {
  seen_.add("split/payload-error/" + std::string(name_of(why.code)));
  // Nothing is trimmed here: a record that a read has given stays.
  if (why.code == code::checksum_mismatch || why.code == code::internal || why.code == code::not_found ||
      why.code == code::blob_missing || why.code == code::blob_corrupt) {
    found_.add("L7", "log {}: the payload of the record at offset {} cannot be read: {}", log, record.offset, why.text);
  }
}

// ---- the end --------------------------------------------------------------------------------------------------------

void history::check_end() {
  for (const auto &[name, log] : chains_.logs()) {
    check_log_at_end(name);
  }
  copies_.check_sets_at_end();
  for (const auto &[content, of] : records_) {
    const bool nothing_left = of.acknowledged.empty() && of.refused == of.tries;
    if (nothing_left && copies_.holds_record(content)) {
      found_.add("Z5", "log {}: a record of {} bytes was refused each time, and is there", of.what.log,
                 of.what.record_bytes);
    }
  }
}

void history::check_log_at_end(const std::string &log) {
  std::map<wire::digest, place> seen;
  sequences last;
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
      if (!is_record(value.kind)) {
        continue;
      }
      if (value.spilled.has_value() && !copies_.has_blob(*value.spilled)) {
        found_.add("L9", "log {}: offset {} refers to blob {}, which is gone", log, offset, value.spilled->key);
      }
      const auto record = records_.find(value.record);
      if (record == records_.end()) {
        found_.add("L7", "log {}: offset {} holds a record that nobody appended", log, offset);
        continue;
      }
      check_once(record->second, {offset, segment.generation}, seen);
      check_order(record->second, offset, last);
    }
  }
  for (const auto &[offset, told] : acknowledged_[log]) {
    const auto segment = chains_.holding(log, offset);
    const stored_value *value = segment ? copies_.find(*segment, offset) : nullptr;
    if (value == nullptr || value->record != told.content || offset >= copies_.quorum_tail(*segment)) {
      found_.add("L3", "log {}: offset {} was acknowledged and is lost", log, offset);
    }
  }
}

/// A table of producers' sequences that survives a restart comes with failover. Until then a sequence that was sent
/// again to a sequencer that was started again may be there twice.
void history::check_once(const fate &of, const place &now, std::map<wire::digest, place> &seen) {
  const auto [first, fresh] = seen.try_emplace(of.what.content, now);
  if (fresh) {
    return;
  }
  if (of.tries == 1) {
    found_.add("L7", "log {}: a record that was appended once is there twice, at {} and {}", of.what.log,
               first->second.offset, now.offset);
  } else if (first->second.generation == now.generation) {
    found_.add("L7", "log {}: generation {} took one sequence twice, at {} and {}", of.what.log, now.generation,
               first->second.offset, now.offset);
  }
  seen_.add("producer/there-twice-after-restart");
  first->second = now;
}

void history::check_order(const fate &of, offset_t offset, sequences &last) {
  const wire::producer_fields &by = of.what.producer;
  if (by.producer.empty()) {
    return;
  }
  seen_.add("producer/in-order");
  std::uint64_t &before = last[{by.producer, by.epoch}];
  if (by.sequence < before) {
    found_.add("L7", "log {}: sequence {} of producer {} is at {}, behind its sequence {}", of.what.log, by.sequence,
               by.producer, offset, before);
  }
  before = std::max(before, by.sequence);
}

} // namespace outsize::sim
