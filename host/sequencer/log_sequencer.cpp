#include "host/sequencer/log_sequencer.hpp"

#include "host/core/check.hpp"
#include "host/sequencer/credits.hpp"
#include "host/sequencer/pending_appends.hpp"
#include "host/sequencer/producers.hpp"
#include "host/sequencer/recovery.hpp"
#include "host/sequencer/segment_writer.hpp"

#include <outsize/abi/host.h>
#include <outsize/wire/codec.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace outsize::host {

namespace {

enum class phase : std::uint8_t { recovering, open, closing, superseded };

const char *name_of(phase value) {
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

} // namespace

struct log_sequencer::state {
  state(std::string name, sequencer_options given, peers &links, metadata &records)
      : log(std::move(name)), options(std::move(given)), servers(links), view(records),
        credit(options.in_flight_bytes, options.producer_in_flight_bytes),
        known(producers::bounds{.age_max = options.producer_age_max}) {}

  std::string log;
  sequencer_options options;
  peers &servers;
  metadata &view;
  std::vector<chained_policy> chain;
  phase now_in = phase::recovering;
  time_point now{};

  std::unique_ptr<recovery> recovering;
  std::unique_ptr<segment_writer> writer;
  segment_record segment; ///< the open one
  log_limits limits;
  wave_counters closed_counters; ///< of the writers before this one
  std::vector<segment_writer::entry_in_doubt> in_doubt;

  credits credit;
  producers known;
  pending_appends pending;
  std::uint64_t last_ticket = 0;
  std::uint64_t committed_count = 0;
  std::uint64_t committed_bytes = 0;
  std::map<std::string, std::uint64_t> refused;
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);

  // admission
  void admit_one(append_item item, std::uint64_t client, time_point deadline,
                 const std::shared_ptr<append_group> &group, std::size_t place);
  std::optional<error> closed_for_appends() const;
  void refuse(const std::shared_ptr<append_group> &group, std::size_t place, wire::refusal why);
  wire::refusal plain_refusal(const error &why, std::size_t place, const std::string &producer) const;
  bool take_duplicate(const producers::finding &found, const std::shared_ptr<append_group> &group, std::size_t place);
  std::optional<wire::refusal> verdict_on(const record_facts &record, std::vector<wire::policy_step> &trace);
  void enter(pending_append what, time_point deadline);

  // life cycle
  void begin_recovery(std::vector<limit_and_owner> shown);
  void step();
  void open_segment_now();
  void resolve_in_doubt(offset_t end);
  void admit_again(pending_append what);
  void begin_closing(const std::string &why);
  void supersede(const std::string &why);

  // the writer's actions
  void run_actions();
  void run(send_store &action);
  void commit(const records_committed &what);
  void expire();
  void finish(pending_append what, offset_t offset);
  void finish_refused(pending_append what, const error &why);
  void say(int level, const std::string &line) const { options.log(level, line); }
};

// ---- admission ------------------------------------------------------------------------------------------------------

wire::refusal log_sequencer::state::plain_refusal(const error &why, std::size_t place,
                                                  const std::string &producer) const {
  wire::refusal made = wire::to_refusal(why);
  made.at = wire::stage::admission;
  made.log = log;
  made.producer = producer;
  made.record_index = static_cast<std::uint32_t>(place);
  return made;
}

void log_sequencer::state::refuse(const std::shared_ptr<append_group> &group, std::size_t place, wire::refusal why) {
  ++refused[std::string(outsize::name_of(why.why))];
  wire::append_result answer;
  answer.policy_trace = why.policy_trace;
  answer.refused = std::move(why);
  settle(group, place, std::move(answer));
}

std::optional<error> log_sequencer::state::closed_for_appends() const {
  switch (now_in) {
  case phase::open:
    break;
  case phase::recovering:
    return make_error(code::log_recovering, fmt::format("log {} is recovering; it waits for {}", log,
                                                        recovering == nullptr ? "its start" : recovering->waits_for()));
  case phase::closing:
    return make_error(code::log_recovering, fmt::format("log {} opens its next segment; it waits for {}", log,
                                                        recovering == nullptr ? "" : recovering->waits_for()));
  case phase::superseded:
    return make_error(code::generation_superseded,
                      fmt::format("log {}: a newer generation than {} of node {} has taken it", log, options.generation,
                                  options.node));
  }
  return std::nullopt;
}

std::optional<wire::refusal> log_sequencer::state::verdict_on(const record_facts &record,
                                                              std::vector<wire::policy_step> &trace) {
  verdict decided = admit(record, limits, chain, policy_snapshot{});
  for (const std::string &line : decided.misbehaviour) {
    say(OUTSIZE_LOG_PLUGIN_MISBEHAVING, line);
  }
  if (decided.warn) {
    say(OUTSIZE_LOG_WARN, fmt::format("large record: log={} payload_bytes={}", log, record.payload_bytes));
  }
  trace = std::move(decided.trace);
  if (std::holds_alternative<pass>(decided.what)) {
    return std::nullopt;
  }
  if (auto *no = std::get_if<wire::refusal>(&decided.what)) {
    return std::move(*no);
  }
  // A plan to split or spill: the host of this version carries out neither.
  const bool split = std::holds_alternative<split_plan>(decided.what);
  wire::refusal no = wire::to_refusal(make_error(
      code::unsupported,
      fmt::format("the policy chose to {} the record, which this version cannot carry out", split ? "split" : "spill"),
      "use the reject policy, or upgrade"));
  no.at = wire::stage::admission;
  no.log = log;
  no.record_index = record.record_index;
  no.producer = record.header == nullptr ? std::string{} : record.header->producer.producer;
  no.actual_bytes = message_bytes_of(record.record_header_bytes + record.payload_bytes);
  no.limit_bytes = limits.policy_limit_bytes();
  no.limit_source = limits.limit_source();
  no.policy_trace = trace;
  return no;
}

bool log_sequencer::state::take_duplicate(const producers::finding &found, const std::shared_ptr<append_group> &group,
                                          std::size_t place) {
  if (const auto *there = std::get_if<producers::committed>(&found)) {
    wire::append_result answer;
    answer.offset = there->offset;
    answer.duplicate = 1;
    settle(group, place, std::move(answer));
    return true;
  }
  const auto *coming = std::get_if<producers::in_flight>(&found);
  pending_append *first = coming == nullptr ? nullptr : pending.find(coming->ticket);
  if (first == nullptr) {
    return false;
  }
  first->waiters.push_back({group, place, true});
  return true;
}

void log_sequencer::state::admit_one(append_item item, std::uint64_t client, time_point deadline,
                                     const std::shared_ptr<append_group> &group, std::size_t place) {
  const auto no = [&](const error &why, const std::string &producer) {
    refuse(group, place, plain_refusal(why, place, producer));
  };
  const result<wire::record_header> header =
      wire::decode_record_header(item.bytes.slice(0, item.item.record_header_bytes).flatten().span());
  if (!header) {
    no(header.error(), {});
    return;
  }
  const wire::producer_fields &producer = header->producer;
  if (const std::optional<error> closed = closed_for_appends()) {
    no(*closed, producer.producer);
    return;
  }
  if (wire::digest_of(item.bytes) != item.item.content) {
    // Found here, it is the client's; found by a log server, it would cost that server its place.
    no(make_error(code::checksum_mismatch, "the record does not match the digest that came with it"),
       producer.producer);
    return;
  }
  const producers::finding found = known.check(producer, now);
  if (const auto *wrong = std::get_if<error>(&found)) {
    no(*wrong, producer.producer);
    return;
  }
  if (take_duplicate(found, group, place)) {
    return;
  }
  record_facts facts{item.item.record_header_bytes, item.item.payload_bytes, &header.value(),
                     static_cast<std::uint32_t>(place)};
  pending_append made;
  if (std::optional<wire::refusal> why = verdict_on(facts, made.trace)) {
    refuse(group, place, *std::move(why));
    return;
  }
  made.payer = producer.producer.empty() ? fmt::format("client {}", client) : producer.producer;
  if (result<void> paid = credit.take(made.payer, item.bytes.size()); !paid) {
    no(paid.error(), producer.producer);
    return;
  }
  made.record = {0, item.item.record_header_bytes, item.item.payload_bytes, item.item.content, std::move(item.bytes)};
  made.producer = producer;
  made.record_index = static_cast<std::uint32_t>(place);
  made.admitted_at = now;
  made.waiters.push_back({group, place, false});
  enter(std::move(made), deadline);
}

void log_sequencer::state::enter(pending_append what, time_point deadline) {
  what.record.ticket = ++last_ticket;
  what.deadline = deadline;
  known.on_admitted(what.producer, what.record.ticket, now);
  const pending_append &added = pending.add(last_ticket, std::move(what));
  writer->append(added.record);
}

// ---- life cycle -----------------------------------------------------------------------------------------------------

void log_sequencer::state::begin_recovery(std::vector<limit_and_owner> shown) {
  recovering = std::make_unique<recovery>(log, options, std::move(shown), servers, view);
}

void log_sequencer::state::step() {
  if (recovering != nullptr) {
    recovering->on_time(now);
    if (recovering->superseded()) {
      supersede(recovering->waits_for());
    } else if (recovering->opened().has_value()) {
      open_segment_now();
    }
  }
  if (writer != nullptr && now_in == phase::open) {
    writer->on_time(now);
  }
  expire();
  run_actions();
}

void log_sequencer::state::open_segment_now() {
  const std::unique_ptr<recovery> finished = std::move(recovering);
  segment = *finished->opened();
  const versioned<log_record> *record = view.view().log(log);
  OUTSIZE_CHECK(record != nullptr, "a log that was opened is in the view");
  limits = {log, segment.segment_limit_bytes, segment.limit_owner, record->record.message_limit_bytes};
  const segment_id id = record->record.id_of(segment);
  writer = std::make_unique<segment_writer>(
      open_segment{log, id, segment.base, segment.nodeset, segment.replication, segment.segment_limit_bytes}, options);
  now_in = phase::open;
  say(OUTSIZE_LOG_INFO,
      fmt::format("segment open: log={} segment={} base={} generation={} segment-limit={} limit-owner={} nodeset=[{}]",
                  log, segment.index, segment.base, segment.generation, segment.segment_limit_bytes,
                  segment.limit_owner, fmt::join(segment.nodeset, ", ")));
  for (const std::string &node : segment.nodeset) {
    const node_record *registered = view.view().node(node);
    writer->on_registered_limit(node, registered == nullptr ? 0 : registered->message_limit_bytes, now);
    if (const std::uint64_t limit = servers.store_link_limit(node); limit != 0) {
      writer->on_link_up(node, limit, now);
    }
  }
  resolve_in_doubt(segment.base);
}

/// Everything below `end` was brought to a write quorum by repair, and nothing at or above it exists any more (L6).
void log_sequencer::state::resolve_in_doubt(offset_t end) {
  const auto doubtful = std::exchange(in_doubt, {});
  for (const segment_writer::entry_in_doubt &entry : doubtful) {
    if (entry.offset < end) {
      finish(pending.take(entry.ticket), entry.offset);
    }
  }
  pending_appends::table again = pending.take_all();
  for (auto at = again.rbegin(); at != again.rend(); ++at) {
    known.on_withdrawn(at->second.producer);
  }
  for (auto &[ticket, what] : again) {
    admit_again(std::move(what));
  }
  writer->flush(now);
}

void log_sequencer::state::admit_again(pending_append what) {
  if (what.waiters.empty()) {
    credit.give_back(what.payer, what.record.bytes.size());
    return; // answered outcome_unknown already; it is not in the log
  }
  const result<wire::record_header> header =
      wire::decode_record_header(what.record.bytes.slice(0, what.record.record_header_bytes).flatten().span());
  OUTSIZE_CHECK(header.has_value(), "a record that was admitted can be decoded");
  const record_facts facts{what.record.record_header_bytes, what.record.payload_bytes, &header.value(),
                           what.record_index};
  if (std::optional<wire::refusal> why = verdict_on(facts, what.trace)) {
    credit.give_back(what.payer, what.record.bytes.size());
    for (const pending_append::waiter &waiting : what.waiters) {
      refuse(waiting.group, waiting.place, *why);
    }
    return;
  }
  const time_point deadline = what.deadline;
  enter(std::move(what), deadline);
}

void log_sequencer::state::begin_closing(const std::string &why) {
  say(OUTSIZE_LOG_WARN, fmt::format("segment closing: log={} segment={} why=\"{}\"", log, segment.index, why));
  now_in = phase::closing;
  in_doubt = writer->uncommitted();
  closed_counters.stores_sent += writer->counters().stores_sent;
  closed_counters.waves += writer->counters().waves;
  closed_counters.bytes_resent += writer->counters().bytes_resent;
  for (const auto &[code, count] : writer->counters().waves_retried) {
    closed_counters.waves_retried[code] += count;
  }
  begin_recovery(writer->shown_limits());
}

void log_sequencer::state::supersede(const std::string &why) {
  if (now_in == phase::superseded) {
    return;
  }
  say(OUTSIZE_LOG_ERROR,
      fmt::format("sequencer superseded: log={} generation={} why=\"{}\"", log, options.generation, why));
  std::map<std::uint64_t, bool> has_offset;
  for (const auto &entry : writer == nullptr || now_in == phase::closing ? in_doubt : writer->uncommitted()) {
    has_offset[entry.ticket] = true;
  }
  now_in = phase::superseded;
  recovering.reset();
  in_doubt.clear();
  for (auto &[ticket, what] : pending.take_all()) {
    const bool doubt = has_offset.contains(ticket);
    finish_refused(std::move(what), make_error(doubt ? code::outcome_unknown : code::generation_superseded,
                                               fmt::format("log {}: {}", log, why)));
  }
}

// ---- the writer's actions -------------------------------------------------------------------------------------------

void log_sequencer::state::run_actions() {
  while (writer != nullptr && now_in == phase::open) {
    std::vector<writer_action> actions = writer->take_actions();
    if (actions.empty()) {
      break;
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
                [this, still = alive, in = writer.get(), number = action.number](const result<wire::stored> &answer,
                                                                                 const rope &) {
                  // An answer to a writer that is closed says nothing that repair does not find out.
                  if (!*still || writer.get() != in || now_in != phase::open) {
                    return;
                  }
                  if (answer) {
                    writer->on_stored(number, answer.value(), now);
                  } else {
                    writer->on_store_failed(number, answer.error(), now);
                  }
                  run_actions();
                });
}

void log_sequencer::state::commit(const records_committed &what) {
  offset_t offset = what.first;
  for (const std::uint64_t ticket : what.tickets) {
    finish(pending.take(ticket), offset++);
  }
}

void log_sequencer::state::finish(pending_append what, offset_t offset) {
  credit.give_back(what.payer, what.record.bytes.size());
  known.on_committed(what.producer, offset);
  ++committed_count;
  committed_bytes += what.record.bytes.size();
  for (const pending_append::waiter &waiting : what.waiters) {
    wire::append_result answer;
    answer.offset = offset;
    answer.entry_bytes = wire::entry_header_bytes + what.record.bytes.size();
    answer.duplicate = waiting.duplicate ? 1 : 0;
    answer.policy_trace = what.trace;
    settle(waiting.group, waiting.place, std::move(answer));
  }
}

void log_sequencer::state::finish_refused(pending_append what, const error &why) {
  credit.give_back(what.payer, what.record.bytes.size());
  for (const pending_append::waiter &waiting : what.waiters) {
    refuse(waiting.group, waiting.place, plain_refusal(why, what.record_index, what.producer.producer));
  }
}

void log_sequencer::state::expire() {
  if (pending.next_deadline() > now) {
    return;
  }
  for (const std::uint64_t ticket : pending.expired(now)) {
    // Without an offset it can still be refused; with one only its end can be told, and it is not known yet.
    if (now_in == phase::open && writer->withdraw(ticket)) {
      pending_append what = pending.take(ticket);
      known.on_withdrawn(what.producer);
      finish_refused(std::move(what), make_error(code::timed_out, fmt::format("log {}: no offset in time; {}", log,
                                                                              writer->waits_for())));
      continue;
    }
    pending_append &what = *pending.find(ticket);
    const std::string why = now_in == phase::open ? writer->waits_for() : "the next segment";
    for (const pending_append::waiter &waiting : std::exchange(what.waiters, {})) {
      refuse(waiting.group, waiting.place,
             plain_refusal(make_error(code::outcome_unknown,
                                      fmt::format("log {}: not committed in time; it waits for {}", log, why)),
                           what.record_index, what.producer.producer));
    }
  }
}

// ---- the face -------------------------------------------------------------------------------------------------------

log_sequencer::log_sequencer(std::string log, sequencer_options options, peers &peers, metadata &metadata)
    : state_(std::make_unique<state>(std::move(log), std::move(options), peers, metadata)) {}

log_sequencer::~log_sequencer() {
  *state_->alive = false;
}

void log_sequencer::start(time_point now) {
  state_->now = now;
  state_->begin_recovery({});
  state_->step();
}

void log_sequencer::set_policies(std::vector<chained_policy> chain) {
  state_->chain = std::move(chain);
}

std::optional<wire::refusal> log_sequencer::refuses(const record_facts &record) const {
  if (state_->now_in != phase::open) {
    return std::nullopt;
  }
  std::vector<wire::policy_step> trace;
  std::optional<wire::refusal> no = state_->verdict_on(record, trace);
  if (no.has_value()) {
    ++state_->refused[std::string(outsize::name_of(no->why))];
  }
  return no;
}

void log_sequencer::append(std::vector<append_item> items, std::uint64_t client, time_point deadline, time_point now,
                           answer then) {
  state_->now = now;
  const auto group = std::make_shared<append_group>();
  group->then = std::move(then);
  group->results.resize(items.size());
  group->unknown = items.size();
  if (items.empty()) {
    const answer answer_now = std::exchange(group->then, nullptr);
    answer_now({});
    return;
  }
  for (std::size_t place = 0; place < items.size(); ++place) {
    state_->admit_one(std::move(items[place]), client, deadline, group, place);
  }
  if (state_->writer != nullptr) {
    state_->writer->flush(now);
  }
  state_->run_actions();
}

result<wire::tail> log_sequencer::find_tail() const {
  if (state_->writer == nullptr || state_->now_in == phase::recovering || state_->now_in == phase::superseded) {
    return *state_->closed_for_appends();
  }
  wire::tail made;
  made.global_tail = state_->writer->global_tail();
  const versioned<log_record> *record = state_->view.view().log(state_->log);
  made.segment = {record == nullptr ? 0 : record->record.id, state_->segment.index};
  made.sequencer = state_->options.node;
  made.generation = state_->options.generation;
  return made;
}

void log_sequencer::on_view_changed(time_point now) {
  state_->now = now;
  if (state_->recovering != nullptr) {
    state_->recovering->wake();
  }
  if (state_->writer != nullptr && state_->now_in == phase::open) {
    for (const std::string &node : state_->segment.nodeset) {
      if (const node_record *registered = state_->view.view().node(node); registered != nullptr) {
        state_->writer->on_registered_limit(node, registered->message_limit_bytes, now);
      }
    }
    if (const versioned<log_record> *record = state_->view.view().log(state_->log); record != nullptr) {
      state_->writer->on_trim_point(record->record.trim_point);
    }
  }
  state_->step();
}

void log_sequencer::on_link_up(const std::string &node, time_point now) {
  state_->now = now;
  if (state_->recovering != nullptr) {
    state_->recovering->wake();
  }
  if (state_->writer != nullptr && state_->now_in == phase::open) {
    state_->writer->on_link_up(node, state_->servers.store_link_limit(node), now);
  }
  state_->step();
}

void log_sequencer::on_link_down(const std::string &node, time_point now) {
  state_->now = now;
  if (state_->writer != nullptr && state_->now_in == phase::open) {
    state_->writer->on_link_down(node, now);
  }
  state_->step();
}

void log_sequencer::on_time(time_point now) {
  state_->now = now;
  state_->step();
}

time_point log_sequencer::next_time() const {
  time_point next = state_->pending.next_deadline();
  if (state_->recovering != nullptr) {
    next = std::min(next, state_->recovering->opened().has_value() ? state_->now : state_->recovering->next_time());
  }
  if (state_->writer != nullptr && state_->now_in == phase::open) {
    next = std::min(next, state_->writer->next_time(state_->now));
  }
  return next;
}

sequencer_status log_sequencer::status(time_point now) const {
  const state &self = *state_;
  sequencer_status made;
  made.state = name_of(self.now_in);
  made.why = self.recovering != nullptr ? self.recovering->waits_for() : std::string{};
  made.limits = self.limits;
  made.appends_committed = self.committed_count;
  made.bytes_committed = self.committed_bytes;
  made.appends_in_flight = self.pending.size();
  made.bytes_in_flight = self.credit.bytes();
  made.refused = self.refused;
  made.stores_sent = self.closed_counters.stores_sent;
  made.waves = self.closed_counters.waves;
  made.bytes_resent = self.closed_counters.bytes_resent;
  made.waves_retried = self.closed_counters.waves_retried;
  if (!self.pending.empty()) {
    made.oldest_in_flight = now - self.pending.oldest().admitted_at;
  }
  if (self.writer == nullptr) {
    return made;
  }
  const versioned<log_record> *record = self.view.view().log(self.log);
  made.segment = {record == nullptr ? 0 : record->record.id, self.segment.index};
  made.global_tail = self.writer->global_tail();
  made.next_offset = self.writer->next_offset();
  made.nodes = self.writer->nodes();
  made.oldest_waits_for = self.now_in == phase::open ? self.writer->waits_for() : made.why;
  if (self.now_in == phase::open) {
    made.why = self.writer->unavailable().value_or("");
    made.stores_sent += self.writer->counters().stores_sent;
    made.waves += self.writer->counters().waves;
    made.bytes_resent += self.writer->counters().bytes_resent;
    for (const auto &[code, count] : self.writer->counters().waves_retried) {
      made.waves_retried[code] += count;
    }
  }
  return made;
}

} // namespace outsize::host
