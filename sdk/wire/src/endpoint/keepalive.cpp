#include "state.hpp"

#include <algorithm>

namespace outsize::wire {
namespace {

/// A message in parts of which nothing came for so long, on a link that is alive, will not come.
constexpr duration part_silence_max = std::chrono::seconds(30);

/// A peer that has taken nothing for so long loses its link when the memory that waits for it is wanted.
constexpr duration stalled_after = std::chrono::seconds(2);

error takes_nothing(const link &which) {
  return make_error(code::timed_out, "the peer takes nothing of the " + std::to_string(which.out.queued_bytes()) +
                                         " bytes that wait for it");
}

/// Looks twice as often as the shortest time it has to notice.
duration check_period(const endpoint_options &options) {
  return std::max<duration>(std::min(options.idle_ping_after, options.half_open_after) / 2,
                            std::chrono::milliseconds(1));
}

} // namespace

void endpoint::state::start_keepalive(link &which) {
  which.heard_at = which.checked_at = which.took_at = now;
  which.keepalive_timer = timers.schedule(now + check_period(options), [this, &which] { check_alive(which); });
}

/// Did anything come since the last look? Bytes count before the message they belong to is whole.
bool endpoint::state::has_heard(link &which, const outsize_link_stats &stats) {
  const std::uint64_t heard = which.messages_received + stats.bytes_received;
  return std::exchange(which.heard_bytes, heard) != heard;
}

/// Did anything go since the last look, or was there nothing to go? A peer that keeps messages waiting takes small ones
/// like pings all the same, so those do not count while the outbox holds something.
bool endpoint::state::has_taken(link &which, const outsize_link_stats &stats) {
  const std::uint64_t waiting = which.out.queued_bytes();
  const std::uint64_t taken = waiting > 0 ? which.out.handed_over_bytes() : stats.bytes_sent;
  return std::exchange(which.took_bytes, taken) != taken || waiting + stats.queued_bytes == 0;
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
  outsize_link_stats stats{};
  (void)which.through->handle->link_stats(which.raw, stats);
  if (has_taken(which, stats) || was_away) {
    which.took_at = now;
  } else if (now - which.took_at >= options.untaken_after) {
    misbehaved(which, takes_nothing(which));
    return;
  }
  if (has_heard(which, stats) || was_away) {
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

// ---- peers that do not read -----------------------------------------------------------------------------------------

std::uint64_t endpoint::state::untaken_bytes(const link &which) {
  outsize_link_stats stats{};
  (void)which.through->handle->link_stats(which.raw, stats);
  return which.out.queued_bytes() + stats.queued_bytes;
}

std::uint64_t endpoint::state::untaken_bytes() const {
  std::uint64_t sum = 0;
  for (const auto &[id, which] : links) {
    sum += which->was_dialled() ? 0 : untaken_bytes(*which);
  }
  return sum;
}

void endpoint::state::shed_untaken() {
  link *most = nullptr;
  for (const auto &[id, which] : links) {
    const bool stalled = which->is_open() && !which->was_dialled() && now - which->took_at >= stalled_after;
    if (stalled && (most == nullptr || untaken_bytes(*which) > untaken_bytes(*most))) {
      most = which.get();
    }
  }
  if (most != nullptr && untaken_bytes(*most) > 0) {
    misbehaved(*most, takes_nothing(*most));
  }
}

} // namespace outsize::wire
