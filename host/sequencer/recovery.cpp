#include "host/sequencer/recovery.hpp"

#include "host/sequencer/next_segment.hpp"
#include "host/sequencer/pause.hpp"

#include <outsize/abi/host.h>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace outsize::host {

recovery::recovery(settings how, peers &servers, metadata &records)
    : settings_(std::move(how)), servers_(servers), metadata_(records) {}

recovery::~recovery() = default;

void recovery::step(time_point now) {
  if (opened_.has_value() || superseded_.has_value() || proposing_) {
    return;
  }
  look_at_view();
  if (log_.version == 0) {
    return;
  }
  superseded_ = taken_over_by();
  if (superseded_.has_value()) {
    waits_for_.clear();
    return;
  }
  if (is_ours(log_.record)) {
    on_swapped();
    return;
  }
  if (log_.record.chain.empty()) {
    propose(wire::first_offset, now);
  } else if (log_.record.chain.back().end.has_value()) {
    propose(*log_.record.chain.back().end, now);
  } else {
    finish_segment(now);
  }
}

// ---- the chain ------------------------------------------------------------------------------------------------------

/// The view follows behind what a refused swap has told already.
void recovery::look_at_view() {
  const versioned<log_record> *seen = metadata_.view().log(settings_.log);
  if (seen != nullptr && seen->version > log_.version) {
    log_ = *seen;
  }
}

std::optional<std::string> recovery::taken_over_by() const {
  const sequencer_options &own = settings_.options;
  if (const node_record *node = metadata_.view().node(own.node); node != nullptr && node->generation > own.generation) {
    return fmt::format("node {} was started again as generation {}", own.node, node->generation);
  }
  if (log_.record.sequencer != own.node) {
    return fmt::format("node {} is the log's sequencer now", log_.record.sequencer);
  }
  if (!log_.record.chain.empty() && log_.record.chain.back().generation > own.generation) {
    const segment_record &last = log_.record.chain.back();
    return fmt::format("segment {} was opened by node {} generation {}", last.index, last.sequencer, last.generation);
  }
  return std::nullopt;
}

/// Does the chain end with the segment that we wanted to write?
bool recovery::is_ours(const log_record &log) const {
  return proposed_.has_value() && !log.chain.empty() && log.chain.back() == proposed_->chain.back();
}

// ---- the segment that ends ------------------------------------------------------------------------------------------

void recovery::begin_seal(const segment_record &last) {
  segment_task task;
  task.log = settings_.log;
  task.segment = sealing_ = log_.record.id_of(last);
  task.base = last.base;
  task.nodeset = last.nodeset;
  task.replication = last.replication;
  task.generation = settings_.options.generation;
  task.known_tail = settings_.known_tail >= last.base ? settings_.known_tail : wire::no_offset;
  // Every member can hold a message of the segment's limit; more it may have no memory for.
  task.repair_bytes_max = std::min(settings_.options.batch_bytes_max, last.segment_limit_bytes);
  task.request_timeout = settings_.options.repair_timeout;
  task.pause_min = settings_.options.wave_pause_min;
  task.pause_max = settings_.options.wave_pause_max;
  task.random = settings_.options.random;
  task.now = settings_.now;
  task.log_line = settings_.options.log;
  task.changed = settings_.changed;
  repair_.reset();
  seal_ = std::make_unique<segment_seal>(task, servers_);
}

void recovery::finish_segment(time_point now) {
  const segment_record &last = log_.record.chain.back();
  if (seal_ == nullptr || sealing_ != log_.record.id_of(last)) {
    begin_seal(last);
  }
  seal_->step(now);
  superseded_ = seal_->superseded();
  waits_for_ = seal_->waits_for();
  if (superseded_.has_value() || !seal_->done()) {
    return;
  }
  if (repair_ == nullptr) {
    repair_ = std::make_unique<segment_repair>(seal_->task(), servers_, seal_->sealed());
  }
  repair_->on_sealed(seal_->sealed());
  repair_->step(now);
  superseded_ = repair_->superseded();
  waits_for_ = repair_->waits_for();
  if (!superseded_.has_value() && repair_->done()) {
    propose(repair_->end(), now);
  }
}

// ---- the segment that begins ----------------------------------------------------------------------------------------

void recovery::propose(offset_t end, time_point now) {
  const segment_opener opener{settings_.options.node, settings_.options.generation};
  if (const auto missing = unregistered_members(log_.record, metadata_.view())) {
    waits_for_ = fmt::format("opening segment {}: {}", log_.record.chain.size(), *missing);
    return;
  }
  if (now < propose_at_) {
    return;
  }
  const limit_and_owner limit = limit_of_next(log_.record, metadata_.view(), opener, settings_.shown_limits);
  proposed_ = with_next_segment(log_.record, end, limit, opener);
  waits_for_ = fmt::format("opening segment {}: the metadata store", proposed_->chain.back().index);
  proposing_ = true;
  metadata_.update("log/" + settings_.log, log_.version, encode(*proposed_),
                   [this, alive = std::weak_ptr<bool>(alive_)](const result<metadata::outcome> &outcome) {
                     if (alive.expired()) {
                       return;
                     }
                     proposing_ = false;
                     on_proposed(outcome);
                     const auto changed = settings_.changed;
                     changed();
                   });
}

void recovery::on_proposed(const result<metadata::outcome> &outcome) {
  if (outcome && outcome->swapped) {
    log_ = {outcome->version, *proposed_};
    on_swapped();
    return;
  }
  // Another change came first, or it is not known whether ours was made. Both are seen in the chain, and repeating the
  // swap is harmless: it names the version it replaces.
  std::string why = outcome ? "the log's record has changed" : std::string(name_of(outcome.error().code));
  if (outcome) {
    const result<log_record> now_there = decode_log_record(outcome->value);
    if (now_there && outcome->version > log_.version) {
      log_ = {outcome->version, now_there.value()};
    }
    why = now_there ? why : now_there.error().text;
  }
  ++failures_;
  const std::uint64_t random = settings_.options.random ? settings_.options.random() : 0;
  propose_at_ = settings_.now() +
                pause_after(failures_, settings_.options.wave_pause_min, settings_.options.wave_pause_max, random);
  waits_for_ = fmt::format("opening segment {}: the metadata store ({})", proposed_->chain.back().index, why);
}

void recovery::on_swapped() {
  opened_segment made{log_.record, log_.record.chain.back(), {}};
  if (repair_ != nullptr) {
    made.kept = repair_->kept();
  }
  if (log_.record.chain.size() > 1) {
    tell_end(*(log_.record.chain.end() - 2));
  }
  waits_for_.clear();
  opened_ = std::move(made);
}

/// All of the ended segment is committed: its servers may say so to readers.
void recovery::tell_end(const segment_record &ended) {
  for (const std::string &node : ended.nodeset) {
    servers_.release(node, wire::release{log_.record.id_of(ended), settings_.options.generation, *ended.end});
  }
}

void recovery::on_link_up(const std::string &node) {
  if (seal_ != nullptr) {
    seal_->on_link_up(node);
  }
  if (repair_ != nullptr) {
    repair_->on_link_up(node);
  }
}

time_point recovery::next_time() const {
  if (opened_.has_value() || superseded_.has_value() || proposing_) {
    return never;
  }
  time_point next = propose_at_ > settings_.now() ? propose_at_ : never;
  if (seal_ != nullptr) {
    next = std::min(next, seal_->next_time());
  }
  if (repair_ != nullptr) {
    next = std::min(next, repair_->next_time());
  }
  return next;
}

} // namespace outsize::host
