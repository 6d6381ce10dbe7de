// The one function that maps the code of a failed store, seal, fetch or listing to what may be done next. Whoever sends
// to log servers asks it before sending anything again; a loop that retries without asking is a bug.
//
// Thread rule: pure functions.
#pragma once

#include <outsize/error.hpp>

#include <cstdint>
#include <string_view>

namespace outsize::host {

enum class after_failure : std::uint8_t {
  resend_on_new_link, ///< nothing comes of this link any more; at once when the next one is up
  resend_after_pause, ///< the same bytes may pass later
  set_aside,          ///< never: this server is not used in this segment any more
  seal,               ///< the segment cannot go on: seal it, repair it, open the next
  superseded,         ///< a newer generation has taken the log: stop, touch nothing
};

constexpr std::string_view name_of(after_failure value) {
  switch (value) {
  case after_failure::resend_on_new_link:
    return "resend on new link";
  case after_failure::resend_after_pause:
    return "resend after pause";
  case after_failure::set_aside:
    return "set aside";
  case after_failure::seal:
    return "seal";
  case after_failure::superseded:
    return "superseded";
  }
  return "set aside";
}

constexpr after_failure next_after(code failed) {
  switch (failed) {
  case code::fenced:
  case code::generation_superseded:
    return after_failure::superseded;
  case code::sealed:
  case code::offset_occupied: // a value at our offset that is not ours: no wave can make it right
    return after_failure::seal;
  case code::out_of_order: // an earlier store was lost; sending goes on from the first one missing
    return after_failure::resend_after_pause;
  case code::storage_failed: // its disk could not be read, and may be again; after a failed write it answers nothing
    return after_failure::resend_after_pause;
  case code::wrong_cluster:
  case code::protocol_mismatch:
  case code::closed:
    return after_failure::resend_on_new_link;
  default:
    break;
  }
  switch (retry_of(failed)) {
  case retry_class::later:
    return after_failure::resend_after_pause;
  case retry_class::reconnect:
    return after_failure::resend_on_new_link;
  case retry_class::never:
  case retry_class::after_change:
    break;
  }
  return after_failure::set_aside; // too_large, malformed, checksum_mismatch, and every code nobody here knows
}

} // namespace outsize::host
