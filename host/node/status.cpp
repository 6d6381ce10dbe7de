#include "host/node/status.hpp"

#include "host/logserver/log_server.hpp"
#include "host/node/blob_commands.hpp"
#include "host/node/log_json.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <string>

namespace outsize::host {

using nlohmann::json;

namespace {

const char *name_of(wire::link_class what) {
  switch (what) {
  case wire::link_class::control:
    return "control";
  case wire::link_class::stores:
    return "stores";
  case wire::link_class::reads:
    return "reads";
  }
  return "unknown";
}

/// What the sequencers here sent more than once, by node. Nothing but stores is ever sent again.
std::map<std::string, std::uint64_t> bytes_resent(const node_context &node, const log_keeper &logs) {
  std::map<std::string, std::uint64_t> sums;
  for (const auto &[name, sequencer] : logs.all()) {
    for (const auto &[to, bytes] : sequencer->status(node.now).bytes_resent) {
      sums[to] += bytes;
    }
  }
  return sums;
}

/// A link to one peer: the limits of both ends, what went over it, how often it had to be dialled again.
json link_json(const node_context &node, const peer_links::link_state &link, std::uint64_t resent) {
  json made{{"class", name_of(link.what)},
            {"up", link.id != 0},
            {"reconnects", link.times_up == 0 ? 0 : link.times_up - 1},
            {"bytes_resent", link.what == wire::link_class::stores ? resent : 0},
            {"last_error", link.last_error}};
  const wire::link_info *open = link.id == 0 ? nullptr : node.endpoint->find_link(link.id);
  if (open == nullptr) {
    return made;
  }
  const wire::link_counters counters = node.endpoint->counters(link.id);
  made["limit_bytes"] = open->limit_bytes;
  made["our_limit_bytes"] = node.options.message_limit_bytes;
  made["peer_limit_bytes"] = open->peer.message_limit_bytes;
  made["peer_generation"] = open->peer.generation;
  made["bytes_sent"] = counters.bytes_sent;
  made["bytes_received"] = counters.bytes_received;
  made["queued_bytes"] = counters.queued_bytes;
  made["requests_in_flight"] = counters.requests_in_flight;
  return made;
}

json peers_json(const node_context &node, const log_keeper &logs) {
  std::map<std::string, std::uint64_t> resent = bytes_resent(node, logs);
  json made = json::array();
  for (const auto &[name, peer] : node.links->all()) {
    json links = json::array();
    for (const peer_links::link_state &link : peer.links) {
      links.push_back(link_json(node, link, resent[name]));
    }
    const node_record *registered = node.view().node(name);
    json one{{"node", name}, {"address", peer.address}, {"links", links}};
    one["registered_limit_bytes"] = registered == nullptr ? json(nullptr) : json(registered->message_limit_bytes);
    one["generation"] = registered == nullptr ? json(nullptr) : json(registered->generation);
    made.push_back(one);
  }
  return made;
}

json logs_json(const node_context &node, const log_keeper &logs) {
  json made = json::array();
  for (const auto &[name, log] : node.view().logs) {
    json one{{"log", name}, {"sequencer_node", log.record.sequencer}};
    if (const auto here = logs.all().find(name); here != logs.all().end()) {
      one["sequencer"] = status_of(here->second->status(node.now));
    }
    made.push_back(one);
  }
  return made;
}

json log_server_json(const node_context &node) {
  if (node.server == nullptr) {
    return nullptr;
  }
  json segments = json::array();
  for (const segment_snapshot &held : node.server->segments()) {
    const log_record *log = node.view().log_by_id(held.id.log);
    std::uint64_t missing = 0;
    for (const offset_range &hole : held.row.holes) {
      missing += hole.to - hole.from;
    }
    segments.push_back({{"log", log == nullptr ? std::string{} : log->name},
                        {"log_id", held.id.log},
                        {"segment", held.id.index},
                        {"local_tail", held.row.local_tail},
                        {"global_tail", held.row.global_tail},
                        {"sealed", held.row.sealed},
                        {"fence", held.row.fence},
                        {"missing_offsets", missing},
                        {"stopped", held.stopped},
                        {"entries_stored", held.entries_stored},
                        {"bytes_stored", held.bytes_stored}});
  }
  return {{"memory_bytes", node.server->memory_bytes()},
          {"memory_budget_bytes", node.options.log_server_memory_bytes},
          {"stopped", node.server->stopped()},
          {"times_damaged", node.server->times_damaged()},
          {"segments", segments}};
}

json storage_json(const node_context &node) {
  if (node.options.entries == nullptr) {
    return nullptr;
  }
  const storage_counters counters = node.options.entries->counters();
  return {{"pending_bytes", node.options.entries->pending_bytes()},
          {"commits", counters.commits},
          {"syncs", counters.syncs},
          {"flushes", counters.flushes},
          {"compactions", counters.compactions},
          {"compaction_bytes", counters.compaction_bytes}};
}

} // namespace

std::string node_status_json(const node_context &node, const log_keeper &logs, bool ready) {
  const json made{{"node", node.options.name},
                  {"cluster", node.options.cluster_name},
                  {"generation", node.generation},
                  {"ready", ready},
                  {"message_limit_bytes", node.options.message_limit_bytes},
                  {"metadata_node", node.options.metadata_node},
                  {"metadata_revision", node.view().revision},
                  {"assembly_bytes", node.endpoint->assembly_bytes()},
                  {"config_differences", logs.differences()},
                  {"peers", peers_json(node, logs)},
                  {"logs", logs_json(node, logs)},
                  {"log_server", log_server_json(node)},
                  {"storage", storage_json(node)},
                  {"blob_stores", blob_stores_json(node.options.blobs)}};
  return made.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace outsize::host
