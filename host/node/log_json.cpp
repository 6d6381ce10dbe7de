#include "host/node/log_json.hpp"

#include <nlohmann/json.hpp>

namespace outsize::host {

using nlohmann::json;

log_limits limits_of(const log_record &log) {
  log_limits made;
  made.log = log.name;
  made.own_limit_bytes = log.message_limit_bytes;
  if (!log.chain.empty()) {
    made.segment_limit_bytes = log.chain.back().segment_limit_bytes;
    made.segment_limit_owner = log.chain.back().limit_owner;
  }
  return made;
}

namespace {

json limits_json(const log_limits &limits) {
  json made{{"segment_limit_bytes", limits.segment_limit_bytes}, {"segment_limit_owner", limits.segment_limit_owner}};
  if (limits.segment_limit_bytes != 0) {
    made["policy_limit_bytes"] = limits.policy_limit_bytes();
    made["limit_source"] = limits.limit_source();
    made["record_bytes_max"] = wire::record_bytes_max(limits.policy_limit_bytes());
    made["payload_bytes_max"] = limits.payload_bytes_max();
  }
  return made;
}

json segment_json(const segment_record &segment) {
  json made{{"index", segment.index},
            {"base", segment.base},
            {"generation", segment.generation},
            {"sequencer", segment.sequencer},
            {"nodeset", segment.nodeset},
            {"replication", segment.replication},
            {"segment_limit_bytes", segment.segment_limit_bytes},
            {"limit_owner", segment.limit_owner}};
  made["end"] = segment.end.has_value() ? json(*segment.end) : json(nullptr);
  return made;
}

std::uint64_t sum_of(const std::map<std::string, std::uint64_t> &by_node) {
  std::uint64_t sum = 0;
  for (const auto &[node, bytes] : by_node) {
    sum += bytes;
  }
  return sum;
}

std::uint64_t milliseconds_of(duration time) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
}

} // namespace

json describe_json(const log_record &log) {
  json chain = json::array();
  for (const segment_record &segment : log.chain) {
    chain.push_back(segment_json(segment));
  }
  return {{"id", log.id},
          {"name", log.name},
          {"sequencer", log.sequencer},
          {"nodeset", log.nodeset},
          {"replication", log.replication},
          {"policies", log.policies},
          {"message_limit_bytes", log.message_limit_bytes},
          {"trim_point", log.trim_point},
          {"limits", limits_json(limits_of(log))},
          {"chain", chain}};
}

json status_of(const sequencer_status &sequencer) {
  json nodes = json::array();
  for (const node_in_segment &node : sequencer.nodes) {
    nodes.push_back({{"node", node.node},
                     {"reachable", node.reachable},
                     {"set_aside", node.set_aside},
                     {"set_aside_limit_bytes", node.set_aside_limit_bytes},
                     {"local_tail", node.local_tail},
                     {"bytes_in_flight", node.bytes_in_flight},
                     {"last_error", node.last_error}});
  }
  return {{"state", sequencer.state},
          {"why", sequencer.why},
          {"segment", sequencer.segment.index},
          {"global_tail", sequencer.global_tail},
          {"next_offset", sequencer.next_offset},
          {"limits", limits_json(sequencer.limits)},
          {"appends_committed", sequencer.appends_committed},
          {"bytes_committed", sequencer.bytes_committed},
          {"appends_in_flight", sequencer.appends_in_flight},
          {"bytes_in_flight", sequencer.bytes_in_flight},
          {"oldest_in_flight_ms", milliseconds_of(sequencer.oldest_in_flight)},
          {"oldest_waits_for", sequencer.oldest_waits_for},
          {"stores_sent", sequencer.stores_sent},
          {"waves", sequencer.waves},
          {"waves_retried", sequencer.waves_retried},
          {"bytes_resent", sum_of(sequencer.bytes_resent)},
          {"refused", sequencer.refused},
          {"large",
           {{"open", sequencer.large_open},
            {"split", sequencer.large.split},
            {"spilled", sequencer.large.spilled},
            {"fragments", sequencer.large.fragments},
            {"split_bytes", sequencer.large.split_bytes},
            {"spilled_bytes", sequencer.large.spilled_bytes},
            {"aborted", sequencer.large.aborted},
            {"cut_off", sequencer.large.cut_off},
            {"dead_bytes", sequencer.large.dead_bytes}}},
          {"nodes", nodes}};
}

} // namespace outsize::host
