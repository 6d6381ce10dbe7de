#include "check_report.hpp"

#include "host/admission/admission.hpp"
#include "host/units/units.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace outsize::host {
namespace {

std::string joined(const std::vector<std::string> &words) {
  return words.empty() ? "none" : fmt::format("{}", fmt::join(words, ", "));
}

std::string sized(std::string_view name, const setting<std::uint64_t> &value) {
  return fmt::format("{}: {}{}\n", name, format_bytes(value.value), value.is_set ? "" : " (default)");
}

std::uint64_t payload_bytes_max(std::uint64_t message_limit_bytes) {
  log_limits limits;
  limits.segment_limit_bytes = message_limit_bytes;
  return limits.payload_bytes_max();
}

std::string node_lines(const config &checked) {
  const std::uint64_t limit = checked.node.message_limit.value;
  std::string text = fmt::format("node {} of cluster {}: roles {}\n", checked.node.name.value,
                                 checked.cluster.name.value, joined(checked.node.roles.value));
  text += sized("node.message-limit", checked.node.message_limit);
  text += fmt::format("largest payload: {} bytes, without key and headers\n", payload_bytes_max(limit));
  if (checked.node.has_role("log-server")) {
    text += sized("log-server.memory-budget", checked.log_server.memory_budget);
  }
  if (checked.node.has_role("sequencer")) {
    text += sized("sequencer.in-flight-bytes", checked.sequencer.in_flight_bytes);
    text += sized("sequencer.producer-in-flight-bytes", checked.sequencer.producer_in_flight_bytes);
    text += sized("sequencer.bulk-window", checked.sequencer.bulk_window);
  }
  return text;
}

std::string transport_line(const config &checked, const transport_config &transport,
                           const prepared_component &component) {
  std::string listens = transport.listen.value;
  if (listens.empty() && serves(*component.component, "inmemory://")) {
    listens = fmt::format("inmemory://{}", checked.node.name.value);
  }
  return fmt::format("transport {}: {}\n", transport.plugin.value,
                     listens.empty() ? "dials only" : "listens at " + listens);
}

std::string log_lines(const config &checked, const log_config &log) {
  std::string text =
      fmt::format("log {}: sequencer {}, nodeset {}, policies {}; what none takes is refused\n", log.name.value,
                  log.sequencer.value, joined(log.nodeset.value), joined(log.policies.value));
  if (log.message_limit.is_set) {
    const std::uint64_t policy_limit = std::min(log.message_limit.value, checked.node.message_limit.value);
    text += fmt::format("log {}: message-limit {}, largest payload {} bytes\n", log.name.value,
                        format_bytes(log.message_limit.value), payload_bytes_max(policy_limit));
  }
  return text;
}

} // namespace

std::string check_report(const config &checked, const preparation &with) {
  std::string text = node_lines(checked);
  for (std::size_t i = 0; i < checked.transports.size(); ++i) {
    text += transport_line(checked, checked.transports[i], with.transports[i]);
  }
  for (const peer_config &peer : checked.peers) {
    text += fmt::format("peer {}: {}\n", peer.name.value, address_of(checked, with, peer));
  }
  for (const blob_store_config &store : checked.blob_stores) {
    text += fmt::format("blob store {}: {}; whether it is this cluster's is found out at the start\n", store.name.value,
                        store.plugin.value);
  }
  for (const log_config &log : checked.logs) {
    text += log_lines(checked, log);
  }
  for (const std::string &warning : with.warnings) {
    text += fmt::format("warning: {}\n", warning);
  }
  return text + fmt::format("{}: nothing wrong\n", checked.file);
}

} // namespace outsize::host
