#include "host/sequencer/recovery.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace outsize::host {

recovery::recovery(std::string log, const sequencer_options &options, std::vector<limit_and_owner> shown,
                   peers &servers, metadata &records)
    : log_name_(std::move(log)), options_(options), shown_(std::move(shown)), peers_(servers), metadata_(records) {}

recovery::~recovery() {
  *alive_ = false;
}

const versioned<log_record> *recovery::log() const {
  return metadata_.view().log(log_name_);
}

void recovery::on_time(time_point now) {
  now_ = now;
  if (opened_.has_value() || superseded_ || writing_) {
    return;
  }
  const versioned<log_record> *found = log();
  if (found == nullptr) {
    return;
  }
  if (repair_ != nullptr) {
    repair_->on_time(now);
    superseded_ = repair_->superseded();
    waits_for_ = repair_->waits_for();
    if (repair_->done()) {
      write_next(*found, end_of_previous_);
    }
  } else if (seal_ != nullptr) {
    seal_->on_time(now);
    superseded_ = seal_->superseded();
    waits_for_ = seal_->waits_for();
    if (!superseded_ && seal_->done() && !found->record.chain.empty()) {
      begin_repair(found->record, found->record.chain.back());
      on_time(now);
    }
  } else if (now >= resume_at_) {
    begin();
  }
}

void recovery::begin() {
  const versioned<log_record> &found = *log();
  if (found.record.chain.empty()) {
    if (quorum_registered(found.record)) {
      write_next(found, wire::first_offset);
    } else {
      resume_at_ = now_ + options_.wave_pause_min;
    }
    return;
  }
  const segment_record &last = found.record.chain.back();
  if (last.generation > options_.generation || last.sequencer != options_.node) {
    superseded_ = true;
    waits_for_ =
        fmt::format("nothing: segment {} was opened by {} generation {}", last.index, last.sequencer, last.generation);
    return;
  }
  begin_seal(found.record, last);
  on_time(now_);
}

void recovery::begin_seal(const log_record &log, const segment_record &last) {
  seal_ = std::make_unique<seal_round>(seal_round::settings{log.id_of(last), options_.generation, last.nodeset,
                                                            last.replication, options_.repair_timeout,
                                                            options_.wave_pause_min},
                                       peers_);
}

void recovery::begin_repair(const log_record &log, const segment_record &last) {
  repair::settings how;
  how.segment = log.id_of(last);
  how.generation = options_.generation;
  how.replication = last.replication;
  how.timeout = options_.repair_timeout;
  how.pause = options_.wave_pause_min;
  how.range = {last.base, last.base};
  for (const auto &[node, state] : seal_->answers()) {
    how.local_tails[node] = state.local_tail;
    how.range.from = std::max(how.range.from, state.global_tail);
    how.range.to = std::max(how.range.to, state.local_tail);
  }
  // A server may know a global tail beyond every local tail here: what is committed is committed.
  how.range.to = std::max(how.range.from, how.range.to);
  end_of_previous_ = how.range.to;
  repair_ = std::make_unique<repair>(std::move(how), peers_);
}

bool recovery::quorum_registered(const log_record &log) {
  std::size_t ready = 0;
  std::vector<std::string> missing;
  for (const std::string &node : log.nodeset) {
    if (metadata_.view().node(node) != nullptr && peers_.store_link_limit(node) != 0) {
      ++ready;
    } else {
      missing.push_back(node);
    }
  }
  waits_for_ = fmt::format("the first segment: {} of {} needed log servers, waiting for one of [{}]", ready,
                           log.replication, fmt::join(missing, ", "));
  return ready >= log.replication;
}

limit_and_owner recovery::limit_for(const log_record &log) const {
  limit_and_owner limit = segment_limit_of(metadata_.view(), log.nodeset);
  for (const limit_and_owner &shown : shown_) {
    if (shown.bytes < limit.bytes) {
      limit = shown;
    }
  }
  return limit;
}

void recovery::write_next(const versioned<log_record> &log, offset_t end) {
  log_record next = log.record;
  if (!next.chain.empty()) {
    next.chain.back().end = end;
  }
  const limit_and_owner limit = limit_for(next);
  segment_record segment;
  segment.index = static_cast<std::uint32_t>(next.chain.size());
  segment.base = end;
  segment.generation = options_.generation;
  segment.sequencer = options_.node;
  segment.nodeset = next.nodeset;
  segment.replication = next.replication;
  segment.segment_limit_bytes = limit.bytes;
  segment.limit_owner = limit.owner;
  next.chain.push_back(segment);
  writing_ = true;
  waits_for_ = "the metadata: writing the next segment into the chain";
  metadata_.update("log/" + log_name_, log.version, encode(next),
                   [this, alive = alive_, segment](const result<metadata::outcome> &outcome) {
                     if (!*alive) {
                       return;
                     }
                     writing_ = false;
                     if (outcome && outcome->swapped) {
                       opened_ = segment;
                       return;
                     }
                     // Not swapped, or unknown: the view will show. If our segment is in it, begin() seals that one
                     // again, which costs an empty segment and is always right.
                     seal_.reset();
                     repair_.reset();
                     resume_at_ = now_ + options_.wave_pause_min;
                   });
}

time_point recovery::next_time() const {
  if (opened_.has_value() || superseded_ || writing_) {
    return never;
  }
  if (repair_ != nullptr) {
    return repair_->done() ? now_ : repair_->next_time();
  }
  if (seal_ != nullptr) {
    return seal_->done() ? now_ : seal_->next_time();
  }
  return log() == nullptr ? never : resume_at_;
}

std::string recovery::waits_for() const {
  return waits_for_;
}

} // namespace outsize::host
