#include "host/sequencer/producers.hpp"

#include "host/core/check.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace outsize::host {
namespace {

bool is_ordered(const wire::producer_fields &fields) {
  return !fields.producer.empty() && fields.sequence != 0;
}

error older_epoch(const wire::producer_fields &fields, std::uint64_t known) {
  return make_error(
      code::fenced,
      fmt::format("producer {} appends with epoch {}, epoch {} has taken over", fields.producer, fields.epoch, known),
      "stop one of the two instances of this producer, or start a new epoch");
}

error expired(const wire::producer_fields &fields, std::uint64_t forgotten) {
  return make_error(code::sequence_expired,
                    fmt::format("sequence {} of producer {} is no longer remembered: all up to {} are forgotten",
                                fields.sequence, fields.producer, forgotten));
}

error out_of_order(const wire::producer_fields &fields, std::uint64_t last) {
  return make_error(code::sequence_out_of_order,
                    fmt::format("sequence {} of producer {} wants to follow {}, the last one taken is {}",
                                fields.sequence, fields.producer, fields.predecessor, last));
}

} // namespace

std::uint64_t producers::producer::last() const {
  return sequences.empty() ? std::max(forgotten, floor) : sequences.rbegin()->first;
}

bool producers::producer::has_in_flight() const {
  return std::any_of(sequences.begin(), sequences.end(), [](const auto &one) { return !one.second.there.has_value(); });
}

producers::finding producers::check_order(const producer &known, const wire::producer_fields &fields) {
  if (const auto found = known.sequences.find(fields.sequence); found != known.sequences.end()) {
    const place &where = found->second;
    return where.there.has_value() ? finding{*where.there} : finding{in_flight{where.ticket}};
  }
  if (fields.sequence <= known.forgotten) {
    return expired(fields, known.forgotten);
  }
  if (fields.predecessor != known.last() || fields.sequence <= known.last()) {
    return out_of_order(fields, known.last());
  }
  return next{};
}

producers::finding producers::check(const wire::producer_fields &fields, time_point now) {
  if (!is_ordered(fields)) {
    return next{};
  }
  forget_producers(now);
  const auto found = table_.find(fields.producer);
  if (found == table_.end() || fields.epoch > found->second.epoch) {
    return next{};
  }
  if (fields.epoch < found->second.epoch) {
    return older_epoch(fields, found->second.epoch);
  }
  return check_order(found->second, fields);
}

producers::producer &producers::touch(const wire::producer_fields &fields, time_point now) {
  const auto [found, is_new] = table_.try_emplace(fields.producer);
  producer &known = found->second;
  if (is_new) {
    known.age = by_age_.insert(by_age_.end(), fields.producer);
  } else {
    by_age_.splice(by_age_.end(), by_age_, known.age);
  }
  known.heard_at = now;
  if (is_new || fields.epoch > known.epoch) {
    known.epoch = fields.epoch;
    known.floor = fields.predecessor;
    known.forgotten = 0;
    known.sequences.clear();
  }
  return known;
}

void producers::on_admitted(const wire::producer_fields &fields, std::uint64_t ticket, time_point now) {
  if (!is_ordered(fields)) {
    return;
  }
  producer &known = touch(fields, now);
  OUTSIZE_CHECK(fields.epoch == known.epoch && known.sequences.count(fields.sequence) == 0,
                "only a sequence that check called the next one is admitted");
  known.sequences[fields.sequence] = {std::nullopt, ticket};
  forget_sequences(known);
  forget_producers(now);
}

void producers::on_committed(const wire::producer_fields &fields, const committed &as) {
  producer *known = find(fields);
  if (known == nullptr) {
    return;
  }
  if (const auto found = known->sequences.find(fields.sequence); found != known->sequences.end()) {
    found->second.there = as;
  }
}

void producers::on_withdrawn(const wire::producer_fields &fields) {
  if (producer *known = find(fields); known != nullptr) {
    known->sequences.erase(fields.sequence);
  }
}

/// Null as well when a newer epoch has replaced the one of `fields`.
producers::producer *producers::find(const wire::producer_fields &fields) {
  if (!is_ordered(fields)) {
    return nullptr;
  }
  const auto found = table_.find(fields.producer);
  return found == table_.end() || found->second.epoch != fields.epoch ? nullptr : &found->second;
}

void producers::forget_sequences(producer &known) const {
  while (known.sequences.size() > bounds_.sequences_max && known.sequences.begin()->second.there.has_value()) {
    known.forgotten = known.sequences.begin()->first;
    known.sequences.erase(known.sequences.begin());
  }
}

void producers::forget_producers(time_point now) {
  while (!by_age_.empty()) {
    const producer &oldest = table_.at(by_age_.front());
    const bool aged = oldest.heard_at + bounds_.age_max <= now;
    // What is in flight is bounded by credit, and its answer must find its way here.
    if ((!aged && table_.size() <= bounds_.producers_max) || oldest.has_in_flight()) {
      return;
    }
    forget_oldest();
  }
}

void producers::forget_oldest() {
  table_.erase(by_age_.front());
  by_age_.pop_front();
}

} // namespace outsize::host
