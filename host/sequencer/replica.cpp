#include "host/sequencer/replica.hpp"

#include "host/core/check.hpp"
#include "host/sequencer/pause.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace outsize::host {

void replica::on_link_up(std::uint64_t limit_bytes) {
  link_limit_bytes_ = limit_bytes;
  waits_for_link_ = false;
  resume_at_ = time_point{duration::min()};
  told_tail = wire::no_offset;
  ++links_;
}

void replica::on_link_down() {
  link_limit_bytes_ = 0;
}

std::uint64_t replica::lower_limit_bytes() const {
  std::uint64_t lowest = settings_.segment_limit_bytes;
  for (const std::uint64_t limit : {link_limit_bytes_, registered_limit_bytes_}) {
    lowest = limit == 0 ? lowest : std::min(lowest, limit);
  }
  return lowest < settings_.segment_limit_bytes ? lowest : 0;
}

bool replica::takes(std::uint64_t bytes, time_point now) const {
  if (!usable() || !linked() || now < resume_at_) {
    return false;
  }
  return outstanding_.empty() || (failures_ == 0 && outstanding_bytes_ + bytes <= settings_.outstanding_bytes_max);
}

time_point replica::on_sent(std::uint64_t number, wire::offset_t first, std::uint64_t bytes, std::uint32_t wave,
                            time_point now) {
  OUTSIZE_CHECK(bytes <= settings_.segment_limit_bytes && bytes <= link_limit_bytes_,
                "Z1: no server is ever sent more than its link allows");
  outstanding_.push_back({number, first, bytes, now, links_});
  outstanding_bytes_ += bytes;
  return now + timeout_.next(std::max(failures_, wave - 1), outstanding_bytes_);
}

std::optional<outstanding_store> replica::take_outstanding(std::uint64_t number) {
  const auto found = std::find_if(outstanding_.begin(), outstanding_.end(),
                                  [number](const outstanding_store &one) { return one.number == number; });
  if (found == outstanding_.end()) {
    return std::nullopt;
  }
  const outstanding_store taken = *found;
  outstanding_.erase(found);
  outstanding_bytes_ -= taken.bytes;
  return taken;
}

void replica::on_stored(const outstanding_store &sent, wire::offset_t local_tail, time_point now) {
  timeout_.on_answer(now - sent.sent_at);
  failures_ = 0;
  last_error_.clear();
  local_tail_ = std::max(local_tail_, local_tail);
}

void replica::on_pause(const error &why, std::uint64_t random, time_point now) {
  note(why);
  if (now < resume_at_) {
    return; // one of several stores that failed together: one pause for all of them
  }
  ++failures_;
  resume_at_ = now + pause_after(failures_, settings_.pause_min, settings_.pause_max, random);
}

void replica::on_link_useless(const outstanding_store &sent, const error &why) {
  note(why);
  if (sent.link == links_) {
    waits_for_link_ = true;
  }
}

void replica::on_set_aside(const error &why) {
  note(why);
  set_aside_ = why;
}

void replica::note(const error &why) {
  last_error_ = fmt::format("{}: {}", name_of(why.code), why.text);
}

} // namespace outsize::host
