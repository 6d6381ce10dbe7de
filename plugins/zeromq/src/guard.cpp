#include "guard.hpp"

#include "limits.hpp"

#include <algorithm>

namespace outsize::zeromq {

void guard::joined(connection &one, time_point now) {
  all_.emplace(one.tag(), watched{&one});
  if (next_quiet_ == never) {
    next_quiet_ = now + watch_quiet_interval;
  }
}

void guard::left(connection &one) {
  const auto found = all_.find(one.tag());
  if (found == all_.end()) {
    return;
  }
  busy_ -= found->second.busy ? 1 : 0;
  all_.erase(found);
  if (all_.empty()) {
    next_quiet_ = never;
  }
}

void guard::stirred(std::uint64_t tag, time_point now) {
  if (const auto found = all_.find(tag); found != all_.end()) {
    stir(found->second, now);
  }
}

void guard::stir(watched &what, time_point now) {
  if (what.busy) {
    return;
  }
  what.busy = true;
  ++busy_;
  next_busy_ = std::min(next_busy_, now); // at once: this is where an abuser begins
}

void guard::rest(watched &what) {
  what.busy = false;
  --busy_;
  what.one->rearm();
}

void guard::sample(time_point now) {
  if (now >= next_quiet_) {
    for (auto &[tag, what] : all_) {
      stir(what, now);
    }
    next_quiet_ = now + watch_quiet_interval;
  }
  if (busy_ == 0 || now < next_busy_) {
    return;
  }
  for (auto &[tag, what] : all_) {
    if (what.busy) {
      what.sampled = true;
      what.moved = what.one->sample();
      what.one->owner().look_again();
    }
  }
  next_busy_ = now + std::max<duration>(watch_interval, static_cast<std::int64_t>(busy_) * watch_share);
}

void guard::judge() {
  std::vector<connection *> abusive;
  for (auto &[tag, what] : all_) {
    if (!what.sampled) {
      continue;
    }
    what.sampled = false;
    if (what.one->withheld_bytes() > what.one->owner().withheld_bytes_max(*what.one)) {
      abusive.push_back(what.one);
    }
    if (!what.moved) {
      rest(what);
    }
  }
  if (busy_ == 0) {
    next_busy_ = never;
  }
  for (connection *one : abusive) {
    one->owner().abused(*one, one->withheld_bytes());
  }
}

time_point guard::next() const {
  return std::min(busy_ > 0 ? next_busy_ : never, next_quiet_);
}

} // namespace outsize::zeromq
