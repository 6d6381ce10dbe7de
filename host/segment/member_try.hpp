// One member of a nodeset, while a segment is sealed and repaired: is it being asked, may it be asked again, and what
// did it say last?
//
// Thread rule: one thread.
#pragma once

#include "host/sequencer/pause.hpp"
#include "host/sequencer/store_failure.hpp"

#include <outsize/error.hpp>
#include <outsize/time.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>

namespace outsize::host {

class member_try {
public:
  /// May it be asked now?
  [[nodiscard]] bool ready(time_point now) const { return !asked_ && !dropped_ && now >= not_before_; }
  /// It was asked and has not answered.
  [[nodiscard]] bool asked() const { return asked_; }
  /// Its last answer was a failure.
  [[nodiscard]] bool failing() const { return !last_error_.empty(); }
  /// Why it gives nothing now; empty when it does.
  [[nodiscard]] const std::string &last_error() const { return last_error_; }
  /// When it may be asked again; never while it is asked or of no use.
  [[nodiscard]] time_point next_time() const { return asked_ || dropped_ || !failing() ? never : not_before_; }

  /// How many times the usual time its next answer may take: twice as long after each that did not come in time,
  /// because what is asked for may be large and the line slow.
  [[nodiscard]] std::int64_t patience() const { return std::int64_t{1} << std::min(timeouts_, doublings_max); }

  void on_asked() { asked_ = true; }
  void on_answer() {
    asked_ = false;
    failures_ = 0;
    timeouts_ = 0;
    last_error_.clear();
  }
  /// Decides by the one classifier what comes of it. True when a newer generation has taken the log.
  [[nodiscard]] bool on_failure(const error &why, duration pause_min, duration pause_max, std::uint64_t random,
                                time_point now) {
    asked_ = false;
    last_error_ = fmt::format("{}: {}", name_of(why.code), why.text);
    ++failures_;
    timeouts_ += why.code == code::timed_out ? 1 : 0;
    not_before_ = now + pause_after(failures_, pause_min, pause_max, random);
    switch (next_after(why.code)) {
    case after_failure::resend_on_new_link: // a new link ends the pause; without a sign of one it is tried anyway
    case after_failure::resend_after_pause:
      return false;
    case after_failure::set_aside:
    case after_failure::seal: // it is sealed or holds another value: either way no repair can use it
      dropped_ = true;
      return false;
    case after_failure::superseded:
      return true;
    }
    return false;
  }
  /// A server that comes back may have been restarted with what it lacked.
  void on_link_up() {
    dropped_ = false;
    not_before_ = time_point{duration::min()};
  }

private:
  bool asked_ = false;
  bool dropped_ = false;
  static constexpr std::uint32_t doublings_max = 6;
  std::uint32_t failures_ = 0;
  std::uint32_t timeouts_ = 0;
  time_point not_before_{duration::min()};
  std::string last_error_;
};

} // namespace outsize::host
