#include "cluster_text.hpp"

#include "host/units/units.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <vector>

namespace outsize::host {

using nlohmann::ordered_json;

namespace {

// A node may be older or newer than this tool, so every member is asked for with a fallback and nothing throws.
const ordered_json &child(const ordered_json &of, const char *name) {
  static const ordered_json none;
  return of.is_object() && of.contains(name) ? of[name] : none;
}
std::string text(const ordered_json &of, const char *name) {
  const ordered_json &found = child(of, name);
  return found.is_string() ? found.get<std::string>() : std::string{};
}
std::uint64_t number(const ordered_json &of, const char *name) {
  const ordered_json &found = child(of, name);
  return found.is_number_unsigned() ? found.get<std::uint64_t>() : 0;
}
bool flag(const ordered_json &of, const char *name) {
  const ordered_json &found = child(of, name);
  return found.is_boolean() && found.get<bool>();
}
std::string size(const ordered_json &of, const char *name) {
  return format_bytes(number(of, name));
}

std::string names(const ordered_json &list) {
  std::vector<std::string> made;
  for (const ordered_json &one : list) {
    if (one.is_string()) {
      made.push_back(one.get<std::string>());
    }
  }
  return made.empty() ? "none" : fmt::format("{}", fmt::join(made, ", "));
}

/// "too_large 3, overloaded 1", or "none".
std::string counts(const ordered_json &by_code) {
  std::vector<std::string> made;
  if (by_code.is_object()) {
    for (const auto &[code, count] : by_code.items()) {
      made.push_back(fmt::format("{} {}", code, count.dump()));
    }
  }
  return made.empty() ? "none" : fmt::format("{}", fmt::join(made, ", "));
}

std::string link_line(const ordered_json &link) {
  std::string line = fmt::format("    {:<8} {}", text(link, "class"), flag(link, "up") ? "up" : "down");
  if (child(link, "limit_bytes").is_number()) {
    line += fmt::format(", limit {} (ours {}, peer's {}), sent {} bytes, received {} bytes", size(link, "limit_bytes"),
                        size(link, "our_limit_bytes"), size(link, "peer_limit_bytes"), number(link, "bytes_sent"),
                        number(link, "bytes_received"));
  }
  line += fmt::format(", resent {} bytes, reconnects {}", number(link, "bytes_resent"), number(link, "reconnects"));
  const std::string why = text(link, "last_error");
  return line + (why.empty() || flag(link, "up") ? "" : ", " + why) + "\n";
}

std::string peer_lines(const ordered_json &peer) {
  std::string made = fmt::format("  peer {} at {}", text(peer, "node"), text(peer, "address"));
  made += child(peer, "registered_limit_bytes").is_number()
              ? fmt::format(", message limit {}, generation {}\n", size(peer, "registered_limit_bytes"),
                            number(peer, "generation"))
              : ", never registered\n";
  for (const ordered_json &link : child(peer, "links")) {
    made += link_line(link);
  }
  return made;
}

std::string limit_text(const ordered_json &limits) {
  return fmt::format("limit {} of {}, largest payload {} bytes", size(limits, "policy_limit_bytes"),
                     text(limits, "limit_source"), number(limits, "payload_bytes_max"));
}

std::string limit_line(const ordered_json &limits) {
  if (number(limits, "policy_limit_bytes") == 0) {
    return "    limit not known yet: no segment is open\n";
  }
  return fmt::format("    {}\n", limit_text(limits));
}

std::string member_lines(const ordered_json &node) {
  std::string lines = fmt::format("    {}: {}, local tail {}, {} bytes in flight", text(node, "node"),
                                  flag(node, "reachable") ? "reachable" : "not reachable", number(node, "local_tail"),
                                  number(node, "bytes_in_flight"));
  const std::string last = text(node, "last_error");
  lines += (last.empty() ? "" : ", last error: " + last) + "\n";
  if (const std::string why = text(node, "set_aside"); !why.empty()) {
    const std::uint64_t limit = number(node, "set_aside_limit_bytes");
    lines +=
        fmt::format("    ALARM {} is set aside: {}{}\n", text(node, "node"), why,
                    limit == 0 ? "" : fmt::format(" (the limit of {} is {})", text(node, "node"), format_bytes(limit)));
  }
  return lines;
}

std::string sequencer_lines(const ordered_json &sequencer) {
  std::string made =
      fmt::format("    {}, segment {}, global tail {}, next offset {}", text(sequencer, "state"),
                  number(sequencer, "segment"), number(sequencer, "global_tail"), number(sequencer, "next_offset"));
  const std::string why = text(sequencer, "why");
  made += (why.empty() ? "" : ", " + why) + "\n" + limit_line(child(sequencer, "limits"));
  made += fmt::format("    committed {} records, {} bytes; in flight {} records, {} bytes\n",
                      number(sequencer, "appends_committed"), number(sequencer, "bytes_committed"),
                      number(sequencer, "appends_in_flight"), number(sequencer, "bytes_in_flight"));
  if (number(sequencer, "appends_in_flight") != 0) {
    made += fmt::format("    oldest in flight for {} ms, waits for {}\n", number(sequencer, "oldest_in_flight_ms"),
                        text(sequencer, "oldest_waits_for"));
  }
  made += fmt::format("    stores {}, waves {}, bytes resent {}\n", number(sequencer, "stores_sent"),
                      number(sequencer, "waves"), number(sequencer, "bytes_resent"));
  made += fmt::format("    waves retried: {}\n    refused: {}\n", counts(child(sequencer, "waves_retried")),
                      counts(child(sequencer, "refused")));
  for (const ordered_json &node : child(sequencer, "nodes")) {
    made += member_lines(node);
  }
  return made;
}

std::string server_lines(const ordered_json &server) {
  if (!server.is_object()) {
    return {};
  }
  std::string made = fmt::format(
      "  log server: {} of {} of memory in use\n{}{}", size(server, "memory_bytes"),
      size(server, "memory_budget_bytes"),
      flag(server, "stopped") ? "  ALARM the log server stopped after a failed write\n" : "",
      number(server, "times_damaged") == 0
          ? std::string{}
          : fmt::format(
                "  ALARM reads met a damaged entry {} times since the start: check this node's disk and its log\n",
                number(server, "times_damaged")));
  for (const ordered_json &segment : child(server, "segments")) {
    made += fmt::format(
        "    log {} segment {}: local tail {}, global tail {}, {} entries and {} bytes stored since the "
        "start{}{}\n{}",
        text(segment, "log"), number(segment, "segment"), number(segment, "local_tail"), number(segment, "global_tail"),
        number(segment, "entries_stored"), number(segment, "bytes_stored"), flag(segment, "sealed") ? ", sealed" : "",
        number(segment, "missing_offsets") == 0
            ? std::string{}
            : fmt::format(", {} offsets missing", number(segment, "missing_offsets")),
        flag(segment, "stopped") ? "    ALARM this segment is stopped here: outsize digest LOG shows what differs\n"
                                 : "");
  }
  return made;
}

std::string blob_store_line(const ordered_json &store) {
  const std::string state = text(store, "state");
  const std::string why = text(store, "reason");
  const ordered_json &free = child(store, "free_bytes");
  return fmt::format(
      "  {}blob store {}: {}{}{}, {} blobs and {} bytes put, {} bytes got since the start, failures: {}\n",
      state == "foreign" ? "ALARM " : "", text(store, "store"), state, why.empty() ? "" : " (" + why + ")",
      free.is_number_unsigned() ? fmt::format(", {} bytes free", free.get<std::uint64_t>()) : "",
      number(store, "blobs_put"), number(store, "bytes_put"), number(store, "bytes_got"),
      counts(child(store, "failures")));
}

/// The chain says where the next segment begins; here, as in every command, bounds are inclusive.
std::string offsets_of(const ordered_json &segment) {
  const std::uint64_t base = number(segment, "base");
  if (!child(segment, "end").is_number()) {
    return fmt::format("from {}, open", base);
  }
  const std::uint64_t end = number(segment, "end");
  return end > base ? fmt::format("from {} to {}", base, end - 1) : fmt::format("from {}, empty", base);
}

std::string segment_line(const ordered_json &segment) {
  return fmt::format("  segment {}: {}, nodeset {}, {} copies, limit {} of {}, sequencer {} generation {}\n",
                     number(segment, "index"), offsets_of(segment), names(child(segment, "nodeset")),
                     number(segment, "replication"), size(segment, "segment_limit_bytes"), text(segment, "limit_owner"),
                     text(segment, "sequencer"), number(segment, "generation"));
}

std::string ranges_text(const ordered_json &ranges) {
  std::vector<std::string> made;
  for (const ordered_json &range : ranges) {
    if (range.is_array() && range.size() == 2) {
      made.push_back(fmt::format("{}-{}", range[0].dump(), range[1].dump()));
    }
  }
  return made.empty() ? "nothing" : fmt::format("{}", fmt::join(made, " "));
}

std::string uncommitted_line(const ordered_json &sets) {
  return number(sets, "sets") == 0
             ? std::string{}
             : fmt::format("    split records without a commit: {}, {} fragments, {} bytes\n", number(sets, "sets"),
                           number(sets, "fragments"), number(sets, "bytes"));
}

} // namespace

std::string status_text(const ordered_json &node) {
  std::string made = fmt::format("node {} of cluster {}: {}, generation {}, message limit {}\n", text(node, "node"),
                                 text(node, "cluster"), flag(node, "ready") ? "ready" : "not ready",
                                 number(node, "generation"), size(node, "message_limit_bytes"));
  for (const ordered_json &difference : child(node, "config_differences")) {
    made += fmt::format("  ALARM differs from the metadata: {}\n",
                        difference.is_string() ? difference.get<std::string>() : difference.dump());
  }
  for (const ordered_json &peer : child(node, "peers")) {
    made += peer_lines(peer);
  }
  made += server_lines(child(node, "log_server"));
  for (const ordered_json &store : child(node, "blob_stores")) {
    made += blob_store_line(store);
  }
  for (const ordered_json &log : child(node, "logs")) {
    const bool is_here = child(log, "sequencer").is_object();
    made += fmt::format("  log {}: sequencer {}\n", text(log, "log"), is_here ? "here" : text(log, "sequencer_node"));
    made += is_here ? sequencer_lines(child(log, "sequencer")) : "";
  }
  return made;
}

std::string log_text(const ordered_json &log) {
  std::string made = fmt::format(
      "log {}: sequencer {}, nodeset {}, {} copies, policies {}; what none takes is refused\n", text(log, "name"),
      text(log, "sequencer"), names(child(log, "nodeset")), number(log, "replication"), names(child(log, "policies")));
  if (number(log, "message_limit_bytes") != 0) {
    made += fmt::format("  message-limit of its own: {}\n", size(log, "message_limit_bytes"));
  }
  const ordered_json &limits = child(log, "limits");
  if (number(limits, "policy_limit_bytes") != 0) {
    made += fmt::format("  {}\n", limit_text(limits));
  }
  for (const ordered_json &segment : child(log, "chain")) {
    made += segment_line(segment);
  }
  return made;
}

std::string log_list_text(const ordered_json &list) {
  std::string made;
  for (const ordered_json &log : child(list, "logs")) {
    made += text(log, "name") + "\n";
  }
  return made;
}

std::string digest_text(const ordered_json &digest) {
  std::string made = fmt::format("log {}\n", text(digest, "log"));
  for (const ordered_json &segment : child(digest, "segments")) {
    made += fmt::format("  segment {} from {}\n", number(segment, "index"), number(segment, "base"));
    for (const ordered_json &server : child(segment, "servers")) {
      const std::string why = text(server, "error");
      made += fmt::format("    {}: {}, {} entries, {} bytes, digest {}, local tail {}, global tail {}{}{}\n",
                          text(server, "node"), ranges_text(child(server, "ranges")), number(server, "entries"),
                          number(server, "bytes"), text(server, "digest"), number(server, "local_tail"),
                          number(server, "global_tail"), flag(server, "sealed") ? ", sealed" : "",
                          why.empty() ? "" : ", " + why);
    }
    made += uncommitted_line(child(segment, "uncommitted"));
  }
  for (const ordered_json &conflict : child(digest, "conflicts")) {
    made += fmt::format("  ALARM offset {} differs on {}\n", number(conflict, "offset"), text(conflict, "node"));
  }
  return made;
}

} // namespace outsize::host
