#include "keys.hpp"

#include "host/units/units.hpp"

#include <outsize/wire/limits.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace outsize::host {
namespace {

using wire::mib;

constexpr std::uint64_t replication_max = 7; // more copies than that is a mistake, not a wish
constexpr std::uint64_t budget_bytes_min = wire::message_limit_bytes_min;
constexpr std::uint64_t budget_bytes_max = std::uint64_t{1} << 40; // 1 TiB
constexpr std::uint64_t part_window_bytes_min = 2 * wire::part_bytes_max;
constexpr std::uint64_t bulk_window_bytes_min = 64 * wire::kib;
constexpr std::uint64_t window_bytes_max = 256 * mib;

constexpr std::array sections = {
    section_facts{"cluster", false, true, "The cluster this node belongs to; the same in every node's file."},
    section_facts{"node", false, true, "This node."},
    section_facts{"log-server", false, false, "The log server of this node; read when the node has that role."},
    section_facts{"sequencer", false, false, "The sequencers of this node; read when the node has that role."},
    section_facts{"plugins", false, false,
                  "Where plugins are found. Only files named in this configuration are opened."},
    section_facts{"transport", true, true, "A way to reach peers and clients, or to be reached."},
    section_facts{"peer", true, true, "A node of the cluster, this one included."},
    section_facts{"metadata", false, true, "Who keeps the metadata: nodes, logs, chains, limits."},
    section_facts{"size-policy", true, false, "What may be done with a record that is too large; logs name it."},
    section_facts{"blob-store", true, false, "Where spilled payloads go; size policies name it."},
    section_facts{"log", true, false, "A log that is created when it is missing, and never overwritten."},
};

constexpr std::array keys = {
    key_facts{"cluster", "name", key_type::name, true, "", 0, 0, "",
              "Said in every hello; a node of another cluster is turned away."},
    key_facts{"cluster", "replication", key_type::count, false, "2", 1, replication_max, "",
              "How many log servers must hold an entry, fsynced, before it is acknowledged."},

    key_facts{"node", "name", key_type::name, true, "", 0, 0, "", "One of the peers."},
    key_facts{"node", "roles", key_type::choices, false, "", 0, 0, "sequencer|log-server",
              "What this node does besides taking clients."},
    key_facts{"node", "data-dir", key_type::path, true, "", 0, 0, "",
              "Everything the node keeps; made when missing, and locked."},
    key_facts{"node", "message-limit", key_type::bytes, false, "32MiB", wire::message_limit_bytes_min,
              wire::message_limit_bytes_max, "",
              "The largest whole message, envelope included, that this node takes. The smallest of a nodeset limits "
              "the records of its logs."},
    key_facts{"node", "part-window", key_type::bytes, false, "4MiB", part_window_bytes_min, window_bytes_max, "",
              "Bytes of large messages that a peer may have on the way to this node before it waits for credit."},
    key_facts{"node", "insecure-listen", key_type::flag, false, "false", 0, 0, "",
              "Allows a listener off loopback although nobody is authenticated."},
    key_facts{"node", "log-level", key_type::choice, false, "info", 0, 0, "debug|info|warn|error",
              "The least important line that is written to stderr."},

    key_facts{"log-server", "memory-budget", key_type::bytes, false, "256MiB", budget_bytes_min, budget_bytes_max, "",
              "Memory for entries on their way to disk and for the store's tables; at least one whole message."},

    key_facts{"sequencer", "in-flight-bytes", key_type::bytes, false, "128MiB", budget_bytes_min, budget_bytes_max, "",
              "Bytes admitted and not yet committed, for each log; above it appends are answered `overloaded`. A "
              "record counts with 1 KiB more "
              "than its bytes: what it takes in memory besides them."},
    key_facts{"sequencer", "producer-in-flight-bytes", key_type::bytes, false, "64MiB", budget_bytes_min,
              budget_bytes_max, "", "The same for each producer of a log."},
    key_facts{
        "sequencer", "bulk-window", key_type::bytes, false, "4MiB", bulk_window_bytes_min, window_bytes_max, "",
        "Bytes of large records on their way into one log, fragments of all of them together, and pieces of each "
        "on the way from its client or to a blob store. A small record waits behind so much at most. At least one "
        "piece may always go, and no more than `producer-in-flight-bytes`."},
    key_facts{"sequencer", "spread", key_type::choice, false, "all", 0, 0, "all|replication",
              "Whether every log server of the nodeset is sent each entry, or only as many as must hold it; the others "
              "are the hedge."},
    key_facts{"sequencer", "on-lower-limit", key_type::choice, false, "set-aside", 0, 0, "set-aside|seal",
              "What happens when a log server of an open segment comes back with a lower limit: go on without it, or "
              "seal and open the next segment under the new limit."},

    key_facts{"plugins", "search-path", key_type::paths, false, "", 0, 0, "",
              "Folders with `outsize-NAME.so` files. Without it: `../lib/outsize` beside the program, and `plugins` in "
              "there."},
    key_facts{"plugins", "sha256", key_type::table, false, "", 0, 0, "",
              "Pins: module id = SHA-256 of its file in hex. A file that differs is refused."},

    key_facts{"transport", "plugin", key_type::plugin, true, "", 0, 0, "",
              "`inmemory`, `tcp`, `zeromq`, … or the file of one."},
    key_facts{"transport", "listen", key_type::address, false, "", 0, 0, "",
              "One port serves peers and clients. Without it the transport only dials; `inmemory` listens at "
              "`inmemory://NODE` by itself."},
    key_facts{"transport", "params", key_type::table, false, "", 0, 0, "",
              "The plugin's own: `outsize plugin params NAME`."},

    key_facts{"peer", "name", key_type::name, true, "", 0, 0, "", "The node's name."},
    key_facts{"peer", "address", key_type::address, true, "", 0, 0, "",
              "Where it listens. This node reaches itself in memory when it has the `inmemory` transport."},

    key_facts{"metadata", "kind", key_type::choice, false, "embedded", 0, 0, "embedded",
              "Kept by one node of the cluster."},
    key_facts{"metadata", "node", key_type::name, true, "", 0, 0, "", "That node; one of the peers."},

    key_facts{"size-policy", "name", key_type::name, true, "", 0, 0, "", "By which logs name it."},
    key_facts{"size-policy", "plugin", key_type::plugin, true, "", 0, 0, "",
              "`reject`, `split`, `spill`, … or the file of one."},
    key_facts{"size-policy", "applies-above", key_type::bytes, false, "", wire::message_limit_bytes_min,
              budget_bytes_max, "",
              "It is asked about records whose whole message is larger. Without it: the log's policy limit."},
    key_facts{"size-policy", "params", key_type::table, false, "", 0, 0, "",
              "The plugin's own: `outsize plugin params NAME`."},

    key_facts{"blob-store", "name", key_type::name, true, "", 0, 0, "", "By which size policies name it."},
    key_facts{"blob-store", "plugin", key_type::plugin, true, "", 0, 0, "", "A blob store's name, or the file of one."},
    key_facts{"blob-store", "params", key_type::table, false, "", 0, 0, "",
              "The plugin's own: `outsize plugin params NAME`."},

    key_facts{"log", "name", key_type::name, true, "", 0, 0, "", "The log's name."},
    key_facts{"log", "sequencer", key_type::name, true, "", 0, 0, "", "The node that orders it."},
    key_facts{"log", "nodeset", key_type::names, true, "", 0, 0, "", "Its log servers."},
    key_facts{"log", "policies", key_type::names, false, "", 0, 0, "",
              "Size policies, asked in order; none takes it: rejected."},
    key_facts{"log", "message-limit", key_type::bytes, false, "", wire::message_limit_bytes_min,
              wire::message_limit_bytes_max, "", "A lower limit of the log's own, of whole messages."},
    key_facts{"log", "replication", key_type::count, false, "", 1, replication_max, "", "Without it: the cluster's."},
};

std::string code_span(std::string_view text) {
  return text.empty() ? std::string{} : fmt::format("`{}`", text);
}

std::string joined_choices(std::string_view choices) {
  std::string made(choices);
  for (std::size_t at = made.find('|'); at != std::string::npos; at = made.find('|', at)) {
    made.replace(at, 1, ", ");
  }
  return made;
}

} // namespace

std::span<const section_facts> config_sections() {
  return sections;
}

std::span<const key_facts> config_keys() {
  return keys;
}

std::vector<key_facts> keys_of(std::string_view section) {
  std::vector<key_facts> found;
  std::ranges::copy_if(keys, std::back_inserter(found),
                       [section](const key_facts &key) { return key.section == section; });
  return found;
}

std::string_view word_of(key_type type) {
  switch (type) {
  case key_type::text:
    return "text";
  case key_type::name:
    return "name";
  case key_type::plugin:
    return "name or path";
  case key_type::bytes:
    return "size";
  case key_type::count:
    return "number";
  case key_type::flag:
    return "true or false";
  case key_type::choice:
    return "choice";
  case key_type::path:
    return "path";
  case key_type::address:
    return "address";
  case key_type::names:
    return "list of names";
  case key_type::choices:
    return "list of choices";
  case key_type::paths:
    return "list of paths";
  case key_type::table:
    return "table";
  }
  return "";
}

std::string default_of(const key_facts &key) {
  return key.required ? "required" : code_span(key.fallback);
}

std::string range_of(const key_facts &key) {
  if (!key.choices.empty()) {
    return joined_choices(key.choices);
  }
  if (key.max == 0) {
    return {};
  }
  return key.type == key_type::bytes ? fmt::format("{} to {}", format_bytes(key.min), format_bytes(key.max))
                                     : fmt::format("{} to {}", key.min, key.max);
}

std::string documentation_row(const key_facts &key) {
  return fmt::format("| `{}` | {} | {} | {} | {} |", key.name, word_of(key.type), default_of(key), range_of(key),
                     key.meaning);
}

} // namespace outsize::host
