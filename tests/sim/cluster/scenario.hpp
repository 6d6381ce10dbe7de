// Everything about a run that its seed decides before it begins: how many nodes, with which limits and options, which
// logs, who appends and reads, how good network and disks are, and how hard the faults hit.
//
// Thread rule: plain values.
#pragma once

#include "host/sequencer/log_sequencer.hpp"
#include "sim/random.hpp"
#include "sim/storage/simulated_disk.hpp"
#include "sim/transport/network.hpp"

#include <outsize/wire/limits.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace outsize::sim {

struct machine_settings {
  std::string name;
  std::uint64_t message_limit_bytes = 0;
  std::uint64_t log_server_memory_bytes = 0;
  std::uint64_t queue_bytes = 0; ///< of each link, in the transport
  std::uint64_t part_window_bytes = 0;
};

struct log_settings {
  std::string name;
  std::string sequencer;
  std::vector<std::string> nodeset;
  std::uint64_t message_limit_bytes = 0; ///< of the log's own; 0 = none
  std::uint64_t fragment_bytes = 0;      ///< of what its policy splits; 0 = it has no such policy
  std::uint64_t split_bytes_max = 0;     ///< payloads that are split have at most so many bytes; 0 = any
  bool spills = false;                   ///< what is not split
  std::uint64_t applies_above = 0;       ///< message bytes; 0 = the log's limit
  std::uint64_t large_bytes_max = 0;     ///< payloads that are appended for its policies have at most so many bytes
};

struct client_settings {
  std::string name;
  std::vector<std::string> nodes; ///< tried in this order
  std::uint64_t message_limit_bytes = 0;
  std::uint32_t in_flight_max = 1;
  duration pause_max{};                      ///< between two appends
  duration patience{};                       ///< deadline of an append
  bool producer = false;                     ///< appends with sequences, one after the other
  std::uint64_t whole_bytes_max = wire::mib; ///< larger payloads are asked about first
  bool gives_up = false;                     ///< some sources of payloads fail half-way
  bool leaves = false;                       ///< now and then, in the middle of everything; and comes back at once
};

struct fault_settings {
  duration every_max = std::chrono::seconds(4); ///< between two faults
  bool kills = false;
  bool power_cuts = false;
  bool kills_all = false;
  bool breaks = false;
  bool blocks = false;
  bool slow_paths = false;
  bool lower_limits = false;
  bool full_disks = false;
  bool failing_disks = false;             ///< a read or a write fails; after a write the node stops
  bool bit_rot = false;                   ///< of entries of which another copy is intact
  bool blob_troubles = false;             ///< the blob store is away or full for a while
  bool freezes = false;                   ///< a process is stopped for a while, and goes on
  std::uint64_t duplicate_millionths = 0; ///< of a message that may come twice
  std::uint64_t refusal_millionths = 0;   ///< of an answer to a store
};

struct scenario {
  std::uint64_t seed = 0;
  std::uint32_t replication = 2;
  std::vector<machine_settings> machines;
  std::vector<log_settings> logs;
  std::vector<client_settings> appenders;
  std::vector<client_settings> readers;
  host::sequencer_options sequencer; ///< what all nodes share
  path_quality path;
  disk_quality disk;
  duration blob_delay_max = std::chrono::milliseconds(5);
  fault_settings faults;
  duration busy_time{}; ///< with appends and faults; then everything is healed
  std::uint64_t appends_max = 0;
  std::uint64_t append_window_bytes = 64 * wire::mib; ///< of each node
  bool in_memory = false; ///< nodes reach themselves by memory, with the plugin that ships, and not over the network

  [[nodiscard]] std::string describe() const;
  [[nodiscard]] bool has_blobs() const;
  /// No record that a client makes has a larger payload.
  [[nodiscard]] std::uint64_t payload_bytes_max() const;
};

/// Draws a scenario. The same seed gives the same scenario.
scenario draw_scenario(std::uint64_t seed);

} // namespace outsize::sim
