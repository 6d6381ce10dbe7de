#include "host/admission/refusals.hpp"
#include "host/core/check.hpp"
#include "host/sequencer/log_sequencer_state.hpp"

#include <outsize/abi/host.h>
#include <outsize/wire/codec.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace outsize::host {
namespace {

/// Is the item what it says it is? Found here, a damaged record is its client's affair; found by a log server, it would
/// cost that server its place in the segment.
result<wire::record_header> checked_header(const append_item &item) {
  const std::uint64_t header_bytes = item.item.record_header_bytes;
  if (header_bytes > item.bytes.size() || item.item.payload_bytes != item.bytes.size() - header_bytes) {
    return make_error(code::malformed, fmt::format("a record of {} bytes is said to have {} and {}", item.bytes.size(),
                                                   header_bytes, item.item.payload_bytes));
  }
  if (wire::digest_of(item.bytes) != item.item.content) {
    return make_error(code::checksum_mismatch, "the record does not match the digest that came with it");
  }
  return wire::decode_record_header(item.bytes.slice(0, header_bytes).flatten().span());
}

record_facts facts_of(const pending_append &what, const wire::record_header &header) {
  return {what.record.record_header_bytes, what.record.payload_bytes, &header, what.record_index};
}

} // namespace

// ---- in -------------------------------------------------------------------------------------------------------------

void log_sequencer::state::append(append_item item, std::uint64_t client, time_point deadline,
                                  const std::shared_ptr<append_group> &group, std::size_t place) {
  pending_append made;
  made.record_index = static_cast<std::uint32_t>(place);
  made.admitted_at = now;
  made.waiters.push_back({group, place, false, deadline});
  if (std::optional<wire::refusal> why = admit(item, client, made)) {
    settle_refused(made.waiters.front(), *std::move(why));
  } else if (!made.waiters.empty()) {
    enter(std::move(made));
  }
}

/// A duplicate is answered here and leaves `made` without a waiter.
std::optional<wire::refusal> log_sequencer::state::admit(append_item &item, std::uint64_t client,
                                                         pending_append &made) {
  const auto refuse = [&](const error &why) {
    return refusal_of_error(why, made.record_index, made.producer.producer);
  };
  const result<wire::record_header> header = checked_header(item);
  if (!header) {
    return refuse(header.error());
  }
  made.producer = header->producer;
  const producers::finding found = known.check(made.producer, now);
  made.payload_bytes = item.item.payload_bytes;
  if (answer_duplicate(found, made)) {
    made.waiters.clear();
    return std::nullopt;
  }
  if (const std::optional<error> closed = closed_for_appends()) {
    return refuse(*closed);
  }
  made.record.record_header_bytes = item.item.record_header_bytes;
  made.record.payload_bytes = item.item.payload_bytes;
  made.record.content = item.item.content;
  made.record.bytes = std::move(item.bytes);
  if (std::optional<wire::refusal> why = decide(facts_of(made, header.value()), made)) {
    return why;
  }
  if (const auto *wrong = std::get_if<error>(&found)) {
    return refuse(*wrong);
  }
  if (const result<void> paid = pay(made, client, made.record.bytes.size()); !paid) {
    return refuse(paid.error());
  }
  return std::nullopt;
}

/// Takes credit for `bytes` in memory until the record's end is known.
result<void> log_sequencer::state::pay(pending_append &what, std::uint64_t client, std::uint64_t bytes) {
  what.payer = what.producer.producer.empty() ? fmt::format("client {}", client) : what.producer.producer;
  what.held_bytes = bytes + pending_append::overhead_bytes;
  return credit.take(what.payer, what.held_bytes);
}

wire::append_result log_sequencer::state::as_duplicate(const producers::committed &there) {
  wire::append_result answer;
  answer.offset = there.offset;
  answer.entry_bytes = there.entry_bytes;
  answer.stored = there.stored;
  answer.fragments = there.fragments;
  answer.store = there.store;
  answer.duplicate = 1;
  return answer;
}

bool log_sequencer::state::answer_duplicate(const producers::finding &found, const pending_append &what) {
  const pending_append::waiter &asking = what.waiters.front();
  if (const auto *there = std::get_if<producers::committed>(&found)) {
    answered.settle(asking.group, asking.place, as_duplicate(*there));
    return true;
  }
  if (const auto *coming = std::get_if<producers::in_flight>(&found)) {
    pending_append *first = pending.find(coming->ticket);
    OUTSIZE_CHECK(first != nullptr, "what the table calls in flight is pending");
    pending.add_waiter(*first, {asking.group, asking.place, true, asking.deadline});
    return true;
  }
  return false;
}

std::optional<error> log_sequencer::state::closed_for_appends() const {
  const std::string waits = recovering == nullptr ? std::string("its turn") : recovering->waits_for();
  switch (now_in) {
  case phase::recovering:
    return make_error(code::log_recovering, fmt::format("log {} is recovering: {}", log, waits));
  case phase::closing:
    return make_error(code::log_recovering, fmt::format("log {} opens its next segment: {}", log, waits));
  case phase::superseded:
    return make_error(code::generation_superseded, fmt::format("log {}: generation {} of node {} has been replaced",
                                                               log, options.generation, options.node));
  case phase::open:
    break;
  }
  if (const std::optional<std::string> why = writer->unavailable()) {
    return make_error(code::log_unavailable, fmt::format("log {}: {}", log, *why));
  }
  return std::nullopt;
}

/// Refused, or let through: as one entry, or by the plan that `made` has then.
std::optional<wire::refusal> log_sequencer::state::decide(const record_facts &record, pending_append &made) {
  const bool asks = is_put_to_policies(record, limits, chain); // seldom, and a snapshot costs more than the rest
  verdict decided = host::admit(record, limits, chain, asks ? snapshot_for(made) : policy_snapshot{});
  for (const std::string &line : decided.misbehaviour) {
    say(OUTSIZE_LOG_PLUGIN_MISBEHAVING, line);
  }
  if (decided.warn) {
    say(OUTSIZE_LOG_WARN,
        fmt::format("large record: log={} producer={} payload_bytes={}", log,
                    record.header == nullptr ? "" : record.header->producer.producer, record.payload_bytes));
  }
  made.trace = std::move(decided.trace);
  made.plan.reset();
  if (auto *no = std::get_if<wire::refusal>(&decided.what)) {
    return std::move(*no);
  }
  if (const auto *split = std::get_if<split_plan>(&decided.what)) {
    made.plan = large_appends::plan{wire::stored_as::split, split->fragment_bytes, {}};
  } else if (const auto *spill = std::get_if<spill_plan>(&decided.what)) {
    made.plan = large_appends::plan{wire::stored_as::spilled, 0, spill->blob_store};
  }
  return made.plan.has_value() ? may_begin_large(made) : std::nullopt;
}

/// Returns the record's ticket.
std::uint64_t log_sequencer::state::enter(pending_append what) {
  const std::uint64_t ticket = ++last_ticket;
  what.record.ticket = ticket;
  ++what.admissions;
  known.on_admitted(what.producer, ticket, now);
  pending_append &placed = pending.add(ticket, std::move(what));
  if (const auto before = large_of_producer.find(placed.producer.producer); before != large_of_producer.end()) {
    behind[before->second].push_back(ticket);
  } else if (placed.plan.has_value()) {
    begin_large(ticket, placed);
  } else {
    writer->append(placed.record);
  }
  return ticket;
}

/// A record that a seal kept out of the log: proven not committed, so it is judged as if it came now.
void log_sequencer::state::admit_again(pending_append what, const std::string &why) {
  if (what.waiters.empty()) {
    credit.give_back(what.payer, what.held_bytes); // answered outcome_unknown, and now it never will be there
    return;
  }
  const auto refuse = [&](const error &reason) {
    const wire::refusal made = refusal_of_error(reason, what.record_index, what.producer.producer);
    finish_refused(std::move(what), made);
  };
  if (what.admissions >= options.admissions_max) {
    refuse(make_error(code::log_unavailable,
                      fmt::format("log {}: not committed in {} segments; the last was closed because {}", log,
                                  what.admissions, why)));
    return;
  }
  const result<wire::record_header> header =
      wire::decode_record_header(what.record.bytes.slice(0, what.record.record_header_bytes).flatten().span());
  OUTSIZE_CHECK(header.has_value(), "a record that was admitted can be decoded");
  if (const std::optional<wire::refusal> no = decide(facts_of(what, header.value()), what)) {
    finish_refused(std::move(what), *no);
    return;
  }
  if (const producers::finding found = known.check(what.producer, now);
      !std::holds_alternative<producers::next>(found)) {
    const auto *wrong = std::get_if<error>(&found);
    refuse(wrong != nullptr ? *wrong : make_error(code::internal, "a record was found twice among those to go on"));
    return;
  }
  enter(std::move(what));
}

// ---- out ------------------------------------------------------------------------------------------------------------

wire::refusal log_sequencer::state::refusal_of_error(const error &why, std::uint32_t record_index,
                                                     const std::string &producer) const {
  wire::refusal made = wire::to_refusal(why);
  made.at = wire::stage::admission;
  made.log = log;
  made.producer = producer;
  made.record_index = record_index;
  return made;
}

void log_sequencer::state::settle_refused(const pending_append::waiter &waiting, wire::refusal why) {
  ++refused[std::string(outsize::name_of(why.why))];
  wire::append_result answer;
  answer.policy_trace = why.policy_trace;
  why.record_index = static_cast<std::uint32_t>(waiting.place);
  answer.refused = std::move(why);
  answered.settle(waiting.group, waiting.place, std::move(answer));
}

void log_sequencer::state::commit(const records_committed &what) {
  closings_in_a_row = 0;
  offset_t offset = what.first;
  for (const std::uint64_t ticket : what.tickets) {
    commit(ticket, offset++);
  }
}

void log_sequencer::state::commit(std::uint64_t ticket, offset_t offset) {
  if (!large->owns(ticket)) {
    finish(pending.take(ticket), offset);
  } else if (const std::optional<large_appends::committed> whole = large->on_committed(ticket, offset)) {
    finish_large(*whole, offset);
  }
}

void log_sequencer::state::finish(pending_append what, offset_t offset) {
  const std::uint64_t entry_bytes = wire::entry_header_bytes + what.record.bytes.size();
  finish(std::move(what), {offset, entry_bytes});
}

void log_sequencer::state::finish(pending_append what, const producers::committed &as) {
  credit.give_back(what.payer, what.held_bytes);
  known.on_committed(what.producer, as);
  ++committed_count;
  committed_bytes += what.record.record_header_bytes + what.payload_bytes;
  for (const pending_append::waiter &waiting : what.waiters) {
    wire::append_result answer;
    answer.offset = as.offset;
    answer.entry_bytes = as.entry_bytes;
    answer.stored = as.stored;
    answer.fragments = as.fragments;
    answer.store = as.store;
    answer.duplicate = waiting.duplicate ? 1 : 0;
    answer.policy_trace = what.trace;
    answered.settle(waiting.group, waiting.place, std::move(answer));
  }
}

void log_sequencer::state::finish_refused(pending_append what, const wire::refusal &why) {
  credit.give_back(what.payer, what.held_bytes);
  for (const pending_append::waiter &waiting : what.waiters) {
    settle_refused(waiting, why);
  }
}

void log_sequencer::state::expire() {
  if (pending.next_deadline() > now) {
    return;
  }
  for (const std::uint64_t ticket : pending.expired(now)) {
    expire_one(ticket);
  }
}

/// Without an offset a record can still be refused, unless somebody else goes on waiting for it. With one only its end
/// can be told, and that is not known yet: its client learns that, and the record goes on.
void log_sequencer::state::expire_one(std::uint64_t ticket) {
  pending_append &what = *pending.find(ticket);
  const std::string waits = is_open() ? writer->waits_for() : "the next segment";
  const auto refusal = [&](code why, const char *text) {
    return refusal_of_error(make_error(why, fmt::format("log {}: {} in time; waits for {}", log, text, waits)),
                            what.record_index, what.producer.producer);
  };
  const auto late = std::stable_partition(what.waiters.begin(), what.waiters.end(),
                                          [this](const pending_append::waiter &one) { return one.deadline > now; });
  if (late == what.waiters.begin() && take_back(ticket)) {
    known.on_withdrawn(what.producer);
    const wire::refusal why = refusal(code::timed_out, "no offset");
    finish_refused(pending.take(ticket), why);
    release_behind(ticket);
    return;
  }
  const std::vector<pending_append::waiter> gone(late, what.waiters.end());
  what.waiters.erase(late, what.waiters.end());
  for (const pending_append::waiter &waiting : gone) {
    settle_refused(waiting, refusal(code::outcome_unknown, "not committed"));
  }
}

} // namespace outsize::host
