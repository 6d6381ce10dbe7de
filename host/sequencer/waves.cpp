#include "host/sequencer/waves.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace outsize::host {
namespace {

std::string tries(std::uint32_t count) {
  return count == 1 ? "1 try" : fmt::format("{} tries", count);
}

std::string describe_server(const replica &server) {
  if (server.set_aside().has_value()) {
    return fmt::format("set aside ({})", name_of(server.set_aside()->code));
  }
  if (server.lower_limit_bytes() != 0) {
    return fmt::format("set aside (limit {} bytes)", server.lower_limit_bytes());
  }
  return server.linked() ? "" : "no link";
}

std::string describe_delivery(const delivery &at, const replica &server) {
  if (at.state == delivery_state::stored) {
    return "stored";
  }
  if (at.state == delivery_state::in_flight) {
    return fmt::format("waiting ({})", tries(at.tries));
  }
  const std::string why = describe_server(server);
  if (at.last_failure != code::ok) {
    const std::string failed = fmt::format("{} ({})", name_of(at.last_failure), tries(at.tries));
    return why.empty() ? failed : fmt::format("{}, {}", failed, why);
  }
  return why.empty() ? "not sent" : why;
}

} // namespace

bool wave_has_failed(const batch &what, std::size_t replication, bool pending) {
  return !what.wave_over && what.failed_in_wave && !pending && what.in_flight_count() == 0 &&
         what.stored_count() < replication;
}

void end_wave(batch &what) {
  what.wave_over = true;
}

void begin_wave_if_over(batch &what, wave_counters &counters) {
  if (!what.wave_over) {
    return;
  }
  ++what.wave;
  what.wave_over = false;
  what.failed_in_wave = false;
  ++counters.waves;
}

std::string describe_deliveries(const batch *what, const std::vector<replica> &servers) {
  std::string made;
  for (std::size_t member = 0; member < servers.size(); ++member) {
    std::string state = what == nullptr ? describe_server(servers[member])
                                        : describe_delivery(what->deliveries[member], servers[member]);
    made += fmt::format("{}{} {}", made.empty() ? "" : ", ", servers[member].node(), state.empty() ? "ready" : state);
  }
  return made;
}

std::string failed_wave_line(const std::string &log, const batch &what, const std::vector<replica> &servers,
                             std::size_t behind) {
  std::string reasons;
  for (const replica &server : servers) {
    if (!server.last_error().empty()) {
      reasons += fmt::format("{}{} {}", reasons.empty() ? "" : "; ", server.node(), server.last_error());
    }
  }
  return fmt::format("append wave {} failed: log={} segment={} offsets={}..{} bytes={} behind={} nodes=[{}] why=[{}]",
                     what.wave, log, what.segment.index, what.first, what.end - 1, what.message_bytes, behind,
                     describe_deliveries(&what, servers), reasons);
}

} // namespace outsize::host
