#include "host/blob/blob_key.hpp"
#include "host/core/check.hpp"
#include "host/sequencer/log_sequencer_state.hpp"

#include <outsize/wire/codec.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace outsize::host {
namespace {

/// A client whose record was cut off so often should hear of it.
constexpr std::uint32_t restarts_max = 5;

} // namespace

large_appends::environment log_sequencer::state::environment_of_large() {
  large_appends::environment around;
  around.append = [this](admitted_record entry) {
    entry.ticket = ++last_ticket;
    writer->append(std::move(entry));
    flush_wanted = true;
    return last_ticket;
  };
  around.withdraw = [this](std::uint64_t ticket) { return writer->withdraw(ticket); };
  around.next_offset = [this] { return writer->next_offset(); };
  around.make_key = [this] { return blob_key(id, options.generation, ++last_blob); };
  around.on_taken = [this](std::uint64_t record) {
    const auto found = streams.find(record);
    if (found != streams.end() && !found->second.pieces.empty()) {
      const auto taken = std::move(found->second.pieces.front());
      found->second.pieces.pop_front();
      taken(std::nullopt);
    }
  };
  around.on_last_entry = [this](std::uint64_t record) { release_behind(record); };
  around.on_ended = [this](std::uint64_t record, const error &why) { on_large_ended(record, why); };
  around.changed = [this] {
    (void)time();
    settle_down();
  };
  around.log = [this](int level, const std::string &line) { say(level, line); };
  around.blobs = options.blobs;
  return around;
}

// ---- in -------------------------------------------------------------------------------------------------------------

large_answer log_sequencer::state::open_large(const large_record &record, std::uint64_t client) {
  pending_append made;
  made.admitted_at = now;
  if (std::optional<wire::append_result> outcome = admit_large(record, client, made)) {
    return *std::move(outcome);
  }
  if (!made.plan.has_value()) {
    return send_whole{};
  }
  const std::uint64_t piece_bytes = large_appends::piece_bytes_of(*made.plan);
  const auto group = std::make_shared<append_group>();
  group->results.resize(1);
  group->unknown = 1;
  made.waiters.push_back({group, 0, false, never});
  const std::uint64_t ticket = enter(std::move(made));
  group->then = [this, ticket](const std::vector<wire::append_result> &results) { tell(ticket, results.front()); };
  streams[ticket] = {};
  return large_opened{ticket, piece_bytes, std::max(piece_bytes, options.bulk_window_bytes)};
}

std::optional<wire::append_result> log_sequencer::state::admit_large(const large_record &given, std::uint64_t client,
                                                                     pending_append &made) {
  const auto refuse = [&](const error &why) {
    wire::append_result outcome = refused_result(refusal_of_error(why, 0, made.producer.producer));
    ++refused[std::string(outsize::name_of(why.code))];
    return outcome;
  };
  const result<wire::record_header> header = wire::decode_record_header(given.record_header.span());
  if (!header) {
    return refuse(header.error());
  }
  made.producer = header->producer;
  made.payload_bytes = given.payload_bytes;
  made.in_pieces = true;
  const producers::finding found = known.check(made.producer, now);
  if (const auto *there = std::get_if<producers::committed>(&found)) {
    return as_duplicate(*there);
  }
  if (std::holds_alternative<producers::in_flight>(found)) {
    return refuse(make_error(code::overloaded, fmt::format("sequence {} of producer {} is on its way already",
                                                           made.producer.sequence, made.producer.producer)));
  }
  if (const std::optional<error> closed = closed_for_appends()) {
    return refuse(*closed);
  }
  if (given.restarts > restarts_max) {
    return refuse(
        make_error(code::log_unavailable,
                   fmt::format("log {}: the record was cut off by the end of {} segments", log, given.restarts)));
  }
  made.record.record_header_bytes = static_cast<std::uint32_t>(given.record_header.size());
  made.record.payload_bytes = given.payload_bytes;
  made.record.bytes = given.record_header;
  const record_facts facts{given.record_header.size(), given.payload_bytes, &header.value(), 0};
  if (const std::optional<wire::refusal> no = decide(facts, made)) {
    ++refused[std::string(outsize::name_of(no->why))];
    return refused_result(*no);
  }
  if (!made.plan.has_value()) {
    return std::nullopt;
  }
  if (const auto *wrong = std::get_if<error>(&found)) {
    return refuse(*wrong);
  }
  if (large_of_producer.contains(made.producer.producer)) {
    return refuse(make_error(
        code::overloaded, fmt::format("a large record of producer {} is on its way already", made.producer.producer)));
  }
  // No more of it than a window is in memory at a time, and never more than there is.
  const std::uint64_t window = std::max(large_appends::piece_bytes_of(*made.plan), options.bulk_window_bytes);
  const std::uint64_t held = std::min(window, given.payload_bytes);
  if (const result<void> paid = pay(made, client, held + given.record_header.size()); !paid) {
    return refuse(paid.error());
  }
  return std::nullopt;
}

std::optional<wire::refusal> log_sequencer::state::may_begin_large(const pending_append &what) const {
  if (const result<void> may = large->may_open(); !may) {
    wire::refusal no = refusal_of_error(may.error(), what.record_index, what.producer.producer);
    no.policy_trace = what.trace;
    return no;
  }
  return std::nullopt;
}

policy_snapshot log_sequencer::state::snapshot_for(const pending_append &what) const {
  policy_snapshot made;
  made.blob_stores = options.blobs == nullptr ? std::vector<outsize_blob_store_state>{} : options.blobs->states();
  made.open_sets = large->open_count();
  made.plans_failed = what.plans_failed;
  made.last_failed_plan = what.last_failed_plan;
  made.last_failed_code = what.last_failed_code;
  usage.describe(what.producer.producer, now, made);
  return made;
}

void log_sequencer::state::begin_large(std::uint64_t ticket, const pending_append &what) {
  if (!what.producer.producer.empty()) {
    large_of_producer[what.producer.producer] = ticket;
  }
  usage.add(what.plan->how, what.producer.producer, what.payload_bytes, now);
  const admitted_record &record = what.record;
  large->open(ticket, record.bytes.slice(0, record.record_header_bytes).flatten(), record.payload_bytes, *what.plan,
              now);
  if (!what.in_pieces) {
    // What is in memory already is cut where it lies; the waiter counts it against its credit.
    const rope payload = record.bytes.slice(record.record_header_bytes, record.payload_bytes);
    large->add_all(ticket, payload, wire::digest(record.content), now);
  }
}

// ---- the pieces of a client -----------------------------------------------------------------------------------------

void log_sequencer::state::add_piece(std::uint64_t number, std::uint32_t index, const wire::digest &content, rope bytes,
                                     std::function<void(std::optional<wire::append_result>)> taken) {
  const auto found = streams.find(number);
  if (found == streams.end()) {
    const error why = make_error(code::malformed, fmt::format("log {}: append stream {} is not open", log, number));
    taken(refused_result(refusal_of_error(why, 0, {})));
    return;
  }
  found->second.pieces.push_back(std::move(taken));
  if (found->second.outcome.has_value()) {
    tell(number, *std::exchange(found->second.outcome, std::nullopt));
    return;
  }
  if (const result<void> fits = large->add_piece(number, index, content, std::move(bytes), now); !fits) {
    on_large_ended(number, fits.error());
  }
}

void log_sequencer::state::finish_stream(std::uint64_t number, const wire::digest &content,
                                         std::function<void(wire::append_result)> then) {
  const auto found = streams.find(number);
  if (found == streams.end() || found->second.finish) {
    const error why = make_error(code::malformed, fmt::format("log {}: append stream {} is not open", log, number));
    then(refused_result(refusal_of_error(why, 0, {})));
    return;
  }
  found->second.finish = std::move(then);
  if (found->second.outcome.has_value()) {
    tell(number, *std::exchange(found->second.outcome, std::nullopt));
    return;
  }
  if (const result<void> whole = large->finish(number, content, now); !whole) {
    on_large_ended(number, whole.error());
  }
}

/// Once the last entry is on its way only its end can be told, to nobody.
void log_sequencer::state::abandon_stream(std::uint64_t number) {
  if (streams.erase(number) == 0 || !large->is_open(number) || large->has_last_entry(number)) {
    return;
  }
  const std::string why = "its client left";
  large->abandon(number, why);
  on_large_ended(number, make_error(code::link_down, fmt::format("log {}: {}", log, why)));
}

void log_sequencer::state::tell(std::uint64_t number, const wire::append_result &outcome) {
  const auto found = streams.find(number);
  if (found == streams.end()) {
    return;
  }
  if (found->second.pieces.empty() && !found->second.finish) {
    found->second.outcome = outcome; // for the next piece
    return;
  }
  const stream told = std::move(found->second);
  streams.erase(found);
  for (const auto &taken : told.pieces) {
    taken(outcome);
  }
  if (told.finish) {
    told.finish(outcome);
  }
}

wire::append_result log_sequencer::state::refused_result(const wire::refusal &why) const {
  wire::append_result made;
  made.policy_trace = why.policy_trace;
  made.refused = why;
  return made;
}

// ---- the end of a large record --------------------------------------------------------------------------------------

void log_sequencer::state::finish_large(const large_appends::committed &whole, offset_t offset) {
  finish(pending.take(whole.record), {offset, whole.entry_bytes, whole.how, whole.fragments, whole.store});
}

/// It is not in the log and will not be. While the segment closes, what is in memory is judged again with everything
/// else that the seal kept out.
void log_sequencer::state::on_large_ended(std::uint64_t record, const error &why) {
  pending_append *found = pending.find(record);
  OUTSIZE_CHECK(found != nullptr, "a large record is pending until its end is known");
  if (now_in == phase::superseded || (now_in == phase::closing && !found->in_pieces)) {
    return;
  }
  pending_append what = pending.take(record);
  known.on_withdrawn(what.producer);
  if (!what.in_pieces && what.plans_failed == 0 && what.plan->how == wire::stored_as::spilled) {
    // The chain is asked once more, and told what failed.
    ++what.plans_failed;
    what.last_failed_plan = OUTSIZE_PLAN_SPILL;
    what.last_failed_code = static_cast<std::uint32_t>(why.code);
    large_of_producer.erase(what.producer.producer);
    admit_again(std::move(what), why.text);
  } else {
    wire::refusal no = refusal_of_error(why, what.record_index, what.producer.producer);
    no.policy_trace = what.trace;
    finish_refused(std::move(what), no);
  }
  release_behind(record);
}

void log_sequencer::state::release_behind(std::uint64_t record) {
  for (auto at = large_of_producer.begin(); at != large_of_producer.end(); ++at) {
    if (at->second == record) {
      large_of_producer.erase(at);
      break;
    }
  }
  auto node = behind.extract(record);
  if (node.empty()) {
    return;
  }
  std::vector<pending_append> waiting;
  for (auto ticket = node.mapped().rbegin(); ticket != node.mapped().rend(); ++ticket) {
    waiting.push_back(pending.take(*ticket));
    known.on_withdrawn(waiting.back().producer);
  }
  for (auto what = waiting.rbegin(); what != waiting.rend(); ++what) {
    --what->admissions; // this was no segment's fault
    admit_again(std::move(*what), "its turn came");
  }
  flush_wanted = true;
}

bool log_sequencer::state::take_back(std::uint64_t ticket) {
  for (auto &[record, tickets] : behind) {
    if (const auto found = std::find(tickets.begin(), tickets.end(), ticket); found != tickets.end()) {
      tickets.erase(found);
      return true;
    }
  }
  if (large->is_open(ticket) && !large->has_last_entry(ticket)) {
    large->abandon(ticket, "not whole in time");
    return true;
  }
  return writer->withdraw(ticket);
}

/// The segment is over. What waited behind a large record is pending as everything else, and judged again with it.
void log_sequencer::state::close_large() {
  behind.clear();
  large_of_producer.clear();
  large->on_segment_closed();
}

void log_sequencer::state::resolve_large(const segment_writer::entry_in_doubt &entry, bool kept) {
  const std::optional<large_appends::committed> last = large->take_last_entry(entry.ticket);
  if (!last.has_value()) {
    return; // a fragment: what became of its record was told when the segment closed
  }
  if (kept) {
    finish_large(*last, entry.offset);
    return;
  }
  if (pending.find(last->record)->in_pieces) {
    on_large_ended(last->record, make_error(code::log_recovering,
                                            fmt::format("log {}: the segment was closed before the record was in the "
                                                        "log; it has to be sent again from its beginning",
                                                        log)));
  }
}

} // namespace outsize::host
