#include "host/core/check.hpp"
#include "host/sequencer/log_sequencer_state.hpp"
#include "host/sequencer/pause.hpp"

#include <outsize/abi/host.h>
#include <outsize/wire/codec.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace outsize::host {
namespace {

void add_to(wave_counters &sum, const wave_counters &more) {
  sum.stores_sent += more.stores_sent;
  sum.waves += more.waves;
  for (const auto &[node, bytes] : more.bytes_resent) {
    sum.bytes_resent[node] += bytes;
  }
  for (const auto &[code, count] : more.waves_retried) {
    sum.waves_retried[code] += count;
  }
}

/// No more of large records is on its way than one producer may have in flight.
sequencer_options consistent(sequencer_options given) {
  given.bulk_window_bytes = std::min(given.bulk_window_bytes, given.producer_in_flight_bytes);
  return given;
}

} // namespace

std::string_view name_of(phase value) {
  switch (value) {
  case phase::recovering:
    return "recovering";
  case phase::open:
    return "open";
  case phase::closing:
    return "closing";
  case phase::superseded:
    return "superseded";
  }
  return "superseded";
}

log_sequencer::state::state(std::string name, sequencer_options given, peers &links, metadata &records)
    : log(std::move(name)), options(consistent(std::move(given))), servers(links), view(records),
      credit(options.in_flight_bytes, options.producer_in_flight_bytes),
      known(producers::bounds{.sequences_max = options.producer_sequences_max, .age_max = options.producer_age_max}),
      large(std::make_unique<large_appends>(large_appends::settings{.log = log,
                                                                    .bulk_window_bytes = options.bulk_window_bytes,
                                                                    .open_max = options.large_appends_max,
                                                                    .idle_max = options.large_idle_max},
                                            environment_of_large())) {}

// ---- every event ends here ------------------------------------------------------------------------------------------

void log_sequencer::state::settle_down() {
  advance();
  expire();
  run_actions();
  answered.deliver();
}

void log_sequencer::state::advance() {
  if (recovering == nullptr && now >= recover_at) {
    begin_recovery();
  }
  if (recovering == nullptr) {
    return;
  }
  recovering->step(now);
  if (recovering->superseded().has_value()) {
    supersede(*recovering->superseded());
  } else if (recovering->opened().has_value()) {
    open_segment();
  }
}

// ---- recovery and opening -------------------------------------------------------------------------------------------

void log_sequencer::state::begin_recovery() {
  recover_at = never;
  recovery::settings how;
  how.log = log;
  how.options = options;
  how.known_tail = writer == nullptr ? wire::no_offset : writer->global_tail();
  how.shown_limits = shown_limits();
  how.now = [this] { return time(); };
  how.changed = [this] {
    (void)time();
    settle_down();
  };
  recovering = std::make_unique<recovery>(std::move(how), servers, view);
}

void log_sequencer::state::open_segment() {
  const recovery::opened_segment opened = *recovering->opened();
  recovering.reset();
  segment = opened.segment;
  id = opened.log.id_of(segment);
  limits = {log, segment.segment_limit_bytes, segment.limit_owner, opened.log.message_limit_bytes};
  writer = std::make_unique<segment_writer>(
      open_segment_settings{log, id, segment.base, segment.nodeset, segment.replication, segment.segment_limit_bytes},
      options);
  writer->on_trim_point(opened.log.trim_point);
  now_in = phase::open;
  say(OUTSIZE_LOG_INFO,
      fmt::format("segment open: log={} segment={} base={} generation={} segment_limit_bytes={} limit_owner={} "
                  "nodeset=[{}]",
                  log, segment.index, segment.base, segment.generation, segment.segment_limit_bytes,
                  segment.limit_owner, fmt::join(segment.nodeset, ", ")));
  introduce_servers();
  resolve_in_doubt(opened);
}

void log_sequencer::state::introduce_servers() {
  for (const std::string &node : segment.nodeset) {
    if (const node_record *registered = view.view().node(node); registered != nullptr) {
      writer->on_registered_limit(node, registered->message_limit_bytes, now);
    }
    if (const std::uint64_t limit = servers.store_link_limit(node); limit != 0) {
      writer->on_link_up(node, limit, now);
    }
  }
}

/// Everything below the end of the closed segment was brought to a write quorum by repair, and nothing at or above it
/// will ever be (L6). So what was in doubt no longer is: kept, and acknowledged; or not, and judged again.
void log_sequencer::state::resolve_in_doubt(const recovery::opened_segment &after) {
  for (const segment_writer::entry_in_doubt &entry : std::exchange(in_doubt, {})) {
    const bool kept = was_kept(entry, after);
    if (large->owns(entry.ticket)) {
      resolve_large(entry, kept);
    } else if (kept) {
      finish(pending.take(entry.ticket), entry.offset);
    }
  }
  large->forget_closed();
  pending_appends::table again = pending.take_all();
  for (auto at = again.rbegin(); at != again.rend(); ++at) {
    known.on_withdrawn(at->second.producer);
  }
  for (auto &[ticket, what] : again) {
    admit_again(std::move(what), why_closing);
  }
  writer->flush(now);
}

bool log_sequencer::state::was_kept(const segment_writer::entry_in_doubt &entry,
                                    const recovery::opened_segment &after) const {
  if (entry.offset >= after.segment.base) {
    return false;
  }
  const result<wire::entry_header> header = wire::decode_entry_header(entry.header.span());
  OUTSIZE_CHECK(header.has_value(), "our own entry header can be decoded");
  const auto kept = after.kept.find(entry.offset);
  if (kept == after.kept.end() || kept->second == header->checksum) {
    return true; // of this segment only we gave offsets out
  }
  say(OUTSIZE_LOG_ERROR,
      fmt::format("offset has another value: log={} segment={} offset={} consequence=\"the record is "
                  "put to admission again\" remedy=\"outsize digest {}\"",
                  log, header->segment.index, entry.offset, log));
  return false;
}

// ---- closing --------------------------------------------------------------------------------------------------------

void log_sequencer::state::begin_closing(const std::string &why) {
  say(OUTSIZE_LOG_WARN, fmt::format("segment closing: log={} segment={} why=\"{}\"", log, segment.index, why));
  now_in = phase::closing;
  why_closing = why;
  in_doubt = writer->uncommitted();
  add_to(closed_counters, writer->counters());
  close_large();
  remember_shown_limits();
  // A segment that ends without a commit would otherwise be followed by the next as fast as they can be opened.
  recover_at = now;
  if (++closings_in_a_row > 1) {
    const std::uint64_t random = options.random ? options.random() : 0;
    recover_at += pause_after(closings_in_a_row - 1, options.wave_pause_min, options.wave_pause_max, random);
  }
  advance();
}

void log_sequencer::state::remember_shown_limits() {
  for (const limit_and_owner &one : writer->shown_limits()) {
    const node_record *registered = view.view().node(one.owner);
    const generation_t generation = registered == nullptr ? 0 : registered->generation;
    shown_limit &known_limit = shown[one.owner];
    if (known_limit.bytes == 0 || known_limit.generation != generation || one.bytes < known_limit.bytes) {
      known_limit = {one.bytes, generation};
    }
  }
}

/// What a node showed before it was started again says nothing about it any more.
std::vector<limit_and_owner> log_sequencer::state::shown_limits() const {
  std::vector<limit_and_owner> made;
  for (const auto &[node, limit] : shown) {
    const node_record *registered = view.view().node(node);
    if (registered == nullptr || registered->generation == limit.generation) {
      made.push_back({limit.bytes, node});
    }
  }
  return made;
}

void log_sequencer::state::supersede(const std::string &why) {
  if (now_in == phase::superseded) {
    return;
  }
  say(OUTSIZE_LOG_ERROR,
      fmt::format("sequencer superseded: log={} generation={} why=\"{}\"", log, options.generation, why));
  if (is_open()) {
    in_doubt = writer->uncommitted();
    add_to(closed_counters, writer->counters());
  }
  now_in = phase::superseded;
  recovering.reset();
  recover_at = never;
  close_large();
  for (const segment_writer::entry_in_doubt &entry : std::exchange(in_doubt, {})) {
    std::uint64_t record = entry.ticket;
    if (large->owns(record)) {
      const std::optional<large_appends::committed> last = large->take_last_entry(record);
      if (!last.has_value()) {
        continue;
      }
      record = last->record;
    }
    pending_append what = pending.take(record);
    known.on_withdrawn(what.producer); // nobody will tell a second asker what became of it
    const wire::refusal no = refusal_of_error(make_error(code::outcome_unknown, fmt::format("log {}: {}", log, why)),
                                              what.record_index, what.producer.producer);
    finish_refused(std::move(what), no);
  }
  for (auto &[ticket, what] : pending.take_all()) {
    known.on_withdrawn(what.producer);
    const wire::refusal no =
        refusal_of_error(make_error(code::generation_superseded, fmt::format("log {}: not appended; {}", log, why)),
                         what.record_index, what.producer.producer);
    finish_refused(std::move(what), no);
  }
}

/// While a segment is open nothing but a newer sequencer writes into the chain.
void log_sequencer::state::check_still_ours() {
  const node_record *own = view.view().node(options.node);
  if (own != nullptr && own->generation > options.generation) {
    supersede(fmt::format("node {} was started again as generation {}", options.node, own->generation));
    return;
  }
  const versioned<log_record> *seen = view.view().log(log);
  if (seen != nullptr && !seen->record.chain.empty() && seen->record.chain.back().index > segment.index) {
    const segment_record &last = seen->record.chain.back();
    supersede(
        fmt::format("segment {} was opened by node {} generation {}", last.index, last.sequencer, last.generation));
  }
}

void log_sequencer::state::on_view_changed() {
  if (!is_open()) {
    return;
  }
  check_still_ours();
  if (!is_open()) {
    return;
  }
  for (const std::string &node : segment.nodeset) {
    if (const node_record *registered = view.view().node(node); registered != nullptr) {
      writer->on_registered_limit(node, registered->message_limit_bytes, now);
    }
  }
  if (const versioned<log_record> *seen = view.view().log(log); seen != nullptr) {
    limits.own_limit_bytes = seen->record.message_limit_bytes;
    writer->on_trim_point(seen->record.trim_point);
  }
}

// ---- the writer's actions -------------------------------------------------------------------------------------------

void log_sequencer::state::run_actions() {
  while (writer != nullptr && is_open()) {
    if (std::exchange(flush_wanted, false)) {
      writer->flush(now);
    }
    std::vector<writer_action> actions = writer->take_actions();
    if (actions.empty()) {
      return;
    }
    for (writer_action &action : actions) {
      if (auto *store = std::get_if<send_store>(&action)) {
        run(*store);
      } else if (auto *release = std::get_if<send_release>(&action)) {
        servers.release(release->node, release->message);
      } else if (const auto *done = std::get_if<records_committed>(&action)) {
        commit(*done);
      } else if (const auto *line = std::get_if<log_line>(&action)) {
        say(line->level, line->text);
      } else if (const auto *over = std::get_if<need_seal>(&action)) {
        begin_closing(over->why);
      } else if (const auto *lost = std::get_if<lost_to_newer>(&action)) {
        supersede(lost->why);
      }
    }
  }
}

void log_sequencer::state::run(send_store &action) {
  servers.store(action.node, std::move(action.message), std::move(action.payload), action.deadline,
                [this, still = std::weak_ptr<bool>(alive), in = id,
                 number = action.number](const result<wire::stored> &answer, const rope &) {
                  // An answer to a writer that is closed says nothing that repair does not find out.
                  if (still.expired() || id != in || !is_open()) {
                    return;
                  }
                  if (answer) {
                    writer->on_stored(number, answer.value(), time());
                  } else {
                    writer->on_store_failed(number, answer.error(), time());
                  }
                  settle_down();
                });
}

// ---- small things ---------------------------------------------------------------------------------------------------

/// Answers of peers carry no time.
time_point log_sequencer::state::time() {
  now = options.now ? std::max(now, options.now()) : now;
  return now;
}

wave_counters log_sequencer::state::all_counters() const {
  wave_counters sum = closed_counters;
  if (is_open()) {
    add_to(sum, writer->counters());
  }
  return sum;
}

void log_sequencer::state::say(int level, const std::string &line) const {
  if (options.log) {
    options.log(level, line);
  }
}

} // namespace outsize::host
