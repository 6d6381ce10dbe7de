// What people read of a node's answers, compared with approved files.
#include "host/cli/cluster_text.hpp"

#include "golden/approved.hpp"

#include <nlohmann/json.hpp>

using namespace outsize::host;
using nlohmann::ordered_json;

namespace {

std::filesystem::path approved(const char *name) {
  return std::filesystem::path(CLI_APPROVED) / name;
}

/// A node in trouble: n1 came back with a lower limit, n2 is away, an append waits.
ordered_json troubled_node() {
  return ordered_json::parse(R"({
    "node": "n3", "cluster": "demo", "generation": 4, "ready": true, "message_limit_bytes": 33554432,
    "config_differences": ["log orders: message-limit differs: the file says 8388608, the metadata 0"],
    "peers": [
      {"node": "n1", "address": "tcp://127.0.0.1:7101", "registered_limit_bytes": 2097152, "generation": 2, "links": [
        {"class": "control", "up": true, "reconnects": 1, "bytes_resent": 0, "last_error": "old", "limit_bytes": 2097152,
         "our_limit_bytes": 33554432, "peer_limit_bytes": 2097152, "bytes_sent": 100, "bytes_received": 200},
        {"class": "stores", "up": true, "reconnects": 1, "bytes_resent": 4096, "last_error": "", "limit_bytes": 2097152,
         "our_limit_bytes": 33554432, "peer_limit_bytes": 2097152, "bytes_sent": 5000, "bytes_received": 60}]},
      {"node": "n2", "address": "zeromq+tcp://127.0.0.1:7102", "registered_limit_bytes": null, "generation": null,
       "links": [
        {"class": "stores", "up": false, "reconnects": 0, "bytes_resent": 0, "last_error": "Connection refused"}]}],
    "log_server": {"memory_bytes": 1048576, "memory_budget_bytes": 268435456, "stopped": true,
      "times_damaged": 3, "segments": [
      {"log": "orders", "segment": 1, "local_tail": 12, "global_tail": 10, "sealed": true, "missing_offsets": 2,
       "stopped": true, "entries_stored": 9, "bytes_stored": 4000}]},
    "blob_stores": [
      {"store": "archive", "state": "ready", "reason": "", "free_bytes": 1073741824, "marker": "11", "uploads": 1,
       "blobs_put": 7, "bytes_put": 7000, "gets": 3, "bytes_got": 300, "failures": {}},
      {"store": "old", "state": "foreign", "reason": "its marker is 22, the metadata knows 11: the nodes do not see the same store",
       "free_bytes": null, "marker": "22", "uploads": 0, "blobs_put": 0, "bytes_put": 0, "gets": 0, "bytes_got": 0,
       "failures": {"blob_unavailable": 4}}],
    "logs": [
      {"log": "elsewhere", "sequencer_node": "n1"},
      {"log": "orders", "sequencer_node": "n3", "sequencer": {
        "state": "open", "why": "1 of 2 log servers are reachable", "segment": 1, "global_tail": 10, "next_offset": 12,
        "limits": {"segment_limit_bytes": 33554432, "segment_limit_owner": "n1", "policy_limit_bytes": 33554432,
                   "limit_source": "peer n1", "record_bytes_max": 33554070, "payload_bytes_max": 33554069},
        "appends_committed": 9, "bytes_committed": 3900, "appends_in_flight": 2, "bytes_in_flight": 700,
        "oldest_in_flight_ms": 1500, "oldest_waits_for": "n1 set aside, n2 no link, n3 stored",
        "stores_sent": 30, "waves": 11, "waves_retried": {"link_down": 1, "timed_out": 2}, "bytes_resent": 4096,
        "refused": {"rejected_by_policy": 3, "too_large": 1},
        "nodes": [
          {"node": "n1", "reachable": true, "set_aside": "its message limit is below the segment's",
           "set_aside_limit_bytes": 2097152, "local_tail": 8, "bytes_in_flight": 0, "last_error": ""},
          {"node": "n2", "reachable": false, "set_aside": "", "set_aside_limit_bytes": 0, "local_tail": 10,
           "bytes_in_flight": 700, "last_error": "timed_out: no answer"}]}}]})");
}

} // namespace

TEST_CASE("status text: a node in trouble, with every alarm") {
  check_approved(approved("status.txt"), status_text(troubled_node()));
}

TEST_CASE("status text: a node that is younger or older than this tool leaves things out, and nothing throws") {
  CHECK_NOTHROW(status_text(ordered_json::object()));
  CHECK_NOTHROW(status_text(ordered_json::parse(R"({"peers": 7, "logs": [1, "two", {"sequencer": []}]})")));
  const ordered_json whole = troubled_node();
  for (const auto &[name, value] : whole.items()) {
    ordered_json node = whole;
    node.erase(name);
    CHECK_NOTHROW(status_text(node));
  }
}

TEST_CASE("log text: with a limit of its own and two segments") {
  check_approved(approved("log.txt"), log_text(ordered_json::parse(R"({
    "name": "orders", "sequencer": "n3", "nodeset": ["n1", "n2", "n3"], "replication": 2, "policies": ["reject"],
    "message_limit_bytes": 8388608,
    "limits": {"policy_limit_bytes": 8388608, "limit_source": "log orders", "payload_bytes_max": 8388245},
    "chain": [
      {"index": 0, "base": 1, "end": 11, "nodeset": ["n1", "n2", "n3"], "replication": 2, "limit_owner": "n1",
       "segment_limit_bytes": 33554432, "sequencer": "n3", "generation": 1},
      {"index": 1, "base": 11, "end": null, "nodeset": ["n1", "n2", "n3"], "replication": 2, "limit_owner": "n2",
       "segment_limit_bytes": 16777216, "sequencer": "n3", "generation": 2}]})")));
}

TEST_CASE("digest text: which server holds what, and where two differ") {
  check_approved(approved("digest.txt"), digest_text(ordered_json::parse(R"({
    "log": "orders", "segments": [{"index": 0, "base": 1, "end": null, "servers": [
      {"node": "n1", "error": "", "ranges": [[1, 4], [6, 9]], "entries": 8, "bytes": 1000, "digest": "aa",
       "local_tail": 10, "global_tail": 10, "sealed": false},
      {"node": "n2", "error": "no link to node n2", "ranges": [], "entries": 0, "bytes": 0, "digest": "00",
       "local_tail": 0, "global_tail": 0, "sealed": true}],
      "uncommitted": {"sets": 2, "fragments": 5, "bytes": 5243480, "first": [
        {"set": 3, "fragments": 4, "bytes": 4194784, "aborted": true},
        {"set": 9, "fragments": 1, "bytes": 1048696, "aborted": false}]}}],
    "conflicts": [{"offset": 7, "node": "n1"}]})")));
}
