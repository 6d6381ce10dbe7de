#include "host/admission/relay.hpp"

#include "host/admission/refusals.hpp"

#include <fmt/format.h>

namespace outsize::host {

std::optional<wire::refusal> refuses_to_relay(const record_facts &record, const relay_path &path) {
  wire::refusal made = refusal_of(
      record, log_limits{path.log, path.room_bytes, path.node, 0}, code::too_large,
      fmt::format("a payload of {} bytes is more than node {} can hold to pass it on to node {}, the sequencer's",
                  record.payload_bytes, path.node, path.sequencer_node));
  if (made.actual_bytes <= path.room_bytes) {
    return std::nullopt;
  }
  made.at = wire::stage::transport;
  made.remedy = fmt::format("append it in pieces, or connect to node {}, which decides whether the log takes it",
                            path.sequencer_node);
  return made;
}

} // namespace outsize::host
