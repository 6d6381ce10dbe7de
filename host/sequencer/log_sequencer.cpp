#include "host/sequencer/log_sequencer.hpp"

#include "host/sequencer/log_sequencer_state.hpp"

#include <algorithm>
#include <utility>

namespace outsize::host {

log_sequencer::log_sequencer(std::string log, sequencer_options options, peers &peers, metadata &metadata)
    : state_(std::make_unique<state>(std::move(log), std::move(options), peers, metadata)) {}

log_sequencer::~log_sequencer() = default;

void log_sequencer::start(time_point now) {
  state_->now = now;
  state_->recover_at = now;
  state_->settle_down();
}

void log_sequencer::set_policies(std::vector<chained_policy> chain) {
  state_->chain = std::move(chain);
}

std::optional<wire::refusal> log_sequencer::refuses(const record_facts &record) const {
  const std::string producer = record.header == nullptr ? std::string{} : record.header->producer.producer;
  std::optional<wire::refusal> no;
  if (const std::optional<error> closed = state_->closed_for_appends()) {
    no = state_->refusal_of_error(*closed, record.record_index, producer);
  } else {
    pending_append judged;
    no = state_->decide(record, judged);
  }
  if (no.has_value()) {
    ++state_->refused[std::string(outsize::name_of(no->why))];
  }
  return no;
}

void log_sequencer::append(std::vector<append_item> items, std::uint64_t client, time_point deadline, time_point now,
                           answer then) {
  if (items.empty()) {
    then({});
    return;
  }
  state_->now = now;
  const auto group = std::make_shared<append_group>();
  group->then = std::move(then);
  group->results.resize(items.size());
  group->unknown = items.size();
  for (std::size_t place = 0; place < items.size(); ++place) {
    state_->append(std::move(items[place]), client, deadline, group, place);
  }
  if (state_->is_open()) {
    state_->writer->flush(now);
  }
  state_->settle_down();
}

large_answer log_sequencer::open_large(const large_record &record, std::uint64_t client, time_point now) {
  state_->now = now;
  large_answer made = state_->open_large(record, client);
  state_->settle_down();
  return made;
}

void log_sequencer::add_piece(std::uint64_t stream, std::uint32_t index, const wire::digest &content, rope bytes,
                              time_point now, std::function<void(std::optional<wire::append_result>)> taken) {
  state_->now = now;
  state_->add_piece(stream, index, content, std::move(bytes), std::move(taken));
  state_->settle_down();
}

void log_sequencer::finish_large(std::uint64_t stream, const wire::digest &content, time_point now,
                                 std::function<void(wire::append_result)> then) {
  state_->now = now;
  state_->finish_stream(stream, content, std::move(then));
  state_->settle_down();
}

void log_sequencer::abandon_large(std::uint64_t stream, time_point now) {
  state_->now = now;
  state_->abandon_stream(stream);
  state_->settle_down();
}

result<wire::tail> log_sequencer::find_tail() const {
  if (state_->writer == nullptr || state_->now_in == phase::superseded) {
    return *state_->closed_for_appends();
  }
  wire::tail made;
  made.global_tail = state_->writer->global_tail();
  made.segment = state_->id;
  made.sequencer = state_->options.node;
  made.generation = state_->options.generation;
  return made;
}

void log_sequencer::on_view_changed(time_point now) {
  state_->now = now;
  state_->on_view_changed();
  state_->settle_down();
}

void log_sequencer::on_link_up(const std::string &node, time_point now) {
  state_->now = now;
  if (state_->recovering != nullptr) {
    state_->recovering->on_link_up(node);
  }
  if (state_->is_open()) {
    state_->writer->on_link_up(node, state_->servers.store_link_limit(node), now);
  }
  state_->settle_down();
}

void log_sequencer::on_link_down(const std::string &node, time_point now) {
  state_->now = now;
  if (state_->is_open()) {
    state_->writer->on_link_down(node, now);
  }
  state_->settle_down();
}

void log_sequencer::on_control_link_up(const std::string &node, time_point now) {
  state_->now = now;
  if (state_->is_open()) {
    state_->writer->on_control_link_up(node, now);
  }
  state_->settle_down();
}

void log_sequencer::on_time(time_point now) {
  state_->now = now;
  if (state_->is_open()) {
    state_->writer->on_time(now);
    state_->large->on_time(now);
  }
  state_->settle_down();
}

time_point log_sequencer::next_time() const {
  time_point next = std::min(state_->pending.next_deadline(), state_->recover_at);
  if (state_->recovering != nullptr) {
    next = std::min(next, state_->recovering->next_time());
  }
  if (state_->is_open()) {
    next = std::min({next, state_->writer->next_time(state_->now), state_->large->next_time()});
  }
  return next;
}

sequencer_status log_sequencer::status(time_point now) const {
  const state &self = *state_;
  const wave_counters counted = self.all_counters();
  sequencer_status made;
  made.state = name_of(self.now_in);
  made.why = self.recovering != nullptr ? self.recovering->waits_for() : std::string{};
  made.limits = self.limits;
  made.appends_committed = self.committed_count;
  made.bytes_committed = self.committed_bytes;
  made.appends_in_flight = self.pending.size();
  made.bytes_in_flight = self.credit.bytes();
  made.refused = self.refused;
  made.stores_sent = counted.stores_sent;
  made.waves = counted.waves;
  made.bytes_resent = counted.bytes_resent;
  made.waves_retried = counted.waves_retried;
  made.large = self.large->counted();
  made.large_open = self.large->open_count();
  if (!self.pending.empty()) {
    made.oldest_in_flight = now - self.pending.oldest().admitted_at;
    made.oldest_waits_for = self.is_open() ? self.writer->waits_for() : made.why;
  }
  if (self.writer != nullptr) {
    made.segment = self.id;
    made.global_tail = self.writer->global_tail();
    made.next_offset = self.writer->next_offset();
    made.nodes = self.writer->nodes();
    made.why = self.is_open() ? self.writer->unavailable().value_or("") : made.why;
  }
  return made;
}

} // namespace outsize::host
