#include "state.hpp"

#include <algorithm>

namespace outsize::wire {
namespace {

/// A message in parts of which nothing came for so long, on a link that is alive, will not come.
constexpr duration part_silence_max = std::chrono::seconds(30);

/// Looks twice as often as the shortest time it has to notice.
duration check_period(const endpoint_options &options) {
  return std::max<duration>(std::min(options.idle_ping_after, options.half_open_after) / 2,
                            std::chrono::milliseconds(1));
}

} // namespace

void endpoint::state::start_keepalive(link &which) {
  which.heard_at = which.checked_at = now;
  which.keepalive_timer = timers.schedule(now + check_period(options), [this, &which] { check_alive(which); });
}

/// Did anything come since the last look? Bytes count before the message they belong to is whole.
bool endpoint::state::has_heard(link &which) {
  outsize_link_stats stats{};
  const bool known = which.through->handle->link_stats(which.raw, stats);
  const std::uint64_t heard = which.messages_received + (known ? stats.bytes_received : 0);
  return std::exchange(which.heard_bytes, heard) != heard;
}

void endpoint::state::check_alive(link &which) {
  const duration period = check_period(options);
  const bool was_away = now - std::exchange(which.checked_at, now) > 2 * period; // a stopped process hears nothing
  which.keepalive_timer = timers.schedule(now + period, [this, &which] { check_alive(which); });
  for (const auto &[name, large] : which.parts.messages()) {
    if (!was_away && now - large.heard_at > part_silence_max) {
      misbehaved(which, make_error(code::timed_out, "a message in parts stopped coming"));
      return;
    }
  }
  if (has_heard(which) || was_away) {
    which.heard_at = now;
    which.pinged = false;
  } else if (now - which.heard_at >= options.half_open_after) {
    end_link(which, make_error(code::timed_out, "nothing came from " + which.info.address + " for too long"),
             parting::silent);
  } else if (now - which.heard_at >= options.idle_ping_after && !which.pinged) {
    which.pinged = true;
    send_control(which, ping{}, ++last_number);
  }
}

} // namespace outsize::wire
