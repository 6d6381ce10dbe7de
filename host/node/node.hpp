// One node: links, metadata, log server, sequencers and the service to clients, put together.
//
// A machine like its parts: it acts inside poll, on the transports and stores it was given. The daemon drives it from
// one thread and waits on its descriptors; the simulator drives many of them from one event queue.
//
// Thread rule: one thread.
#pragma once

#include "host/admission/admission.hpp"
#include "host/blob/blob_stores.hpp"
#include "host/sequencer/log_sequencer.hpp"
#include "host/storage/storage.hpp"

#include <outsize/result.hpp>
#include <outsize/time.hpp>
#include <outsize/transport_handle.hpp>
#include <outsize/wire/types.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace outsize::host {

struct peer_address {
  std::string name;
  std::string address; ///< of the transport by which this node reaches it
};

/// A log as the operator's file describes it: created when missing, never overwritten.
struct wanted_log {
  std::string name;
  std::string sequencer;
  std::vector<std::string> nodeset;
  std::vector<std::string> policies;
  std::uint64_t message_limit_bytes = 0;
  std::uint32_t replication = 0; ///< 0 = the cluster's
};

struct node_options {
  std::string name;
  std::string cluster_name;
  wire::cluster_id cluster{}; ///< from the data directory; all zero on a first start
  bool is_log_server = false;
  bool is_sequencer = false;
  std::uint32_t replication = 2;
  std::uint64_t message_limit_bytes = 32 * wire::mib;
  std::vector<std::string> listen;
  std::vector<peer_address> peers; ///< this node's own address among them: how its sequencer reaches its log server
  std::string metadata_node;
  std::vector<wanted_log> logs;
  std::map<std::string, chained_policy> policies; ///< by configured name
  sequencer_options sequencer;                    ///< node, generation, random, wall_ms and log are filled in
  std::uint64_t log_server_memory_bytes = 256 * wire::mib;
  std::string log_server_memory_key = "log-server.memory-budget"; ///< for error texts
  std::uint64_t part_window_bytes = wire::part_window_bytes_default;
  std::uint64_t append_window_bytes = 64 * wire::mib;
  duration request_timeout = std::chrono::seconds(5); ///< of control requests between nodes
  duration drain_max = std::chrono::seconds(10);

  std::vector<std::unique_ptr<transport_handle>> transports;
  storage *entries = nullptr;    ///< of a log server; outlives the node
  value_store *values = nullptr; ///< of the metadata node; outlives the node
  blob_stores *blobs = nullptr;  ///< null without blob stores; outlives the node

  std::function<std::uint64_t()> random;
  std::function<std::uint64_t()> wall_ms;
  std::function<void(int level, const std::string &line)> log; ///< OUTSIZE_LOG_*
  /// The cluster's id is known for the first time; to be written into the data directory before the node goes on.
  std::function<result<void>(const wire::cluster_id &)> on_cluster;
  /// The node cannot go on: a failed write, a newer start of the same name, limits that do not fit its budgets.
  std::function<void(const error &why)> on_fatal;
};

class node {
public:
  explicit node(node_options options);
  ~node();
  node(const node &) = delete;
  node &operator=(const node &) = delete;

  /// Listens, loads what is on disk, begins to dial. An error names the key or address that was wrong.
  result<void> start(time_point now);

  /// Does what there is to do; returns when it wants to run next, unless a descriptor is readable before.
  time_point poll(time_point now);
  [[nodiscard]] std::vector<int> event_fds() const;

  /// Registered in the metadata and serving.
  [[nodiscard]] bool ready() const;
  /// The addresses really bound.
  [[nodiscard]] const std::vector<std::string> &bound() const;

  /// Stops taking appends, lets those in flight end, says goodbye; at most drain_max.
  void begin_drain(time_point now);
  [[nodiscard]] bool drained() const;

  /// What `outsize status` shows of this node, as JSON.
  [[nodiscard]] std::string status_json(time_point now) const;

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace outsize::host
