// What the metadata store holds: the cluster, its nodes, its logs with their chains of segments, its blob stores.
//
// Values are JSON, so that an operator can read them with any tool.
//
// Thread rule: plain values.
#pragma once

#include <outsize/result.hpp>
#include <outsize/wire/types.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outsize::host {

using wire::generation_t;
using wire::offset_t;
using wire::segment_id;

/// Key "node/NAME". Written by the node itself at each start, before it serves.
struct node_record {
  std::string name;
  generation_t generation = 0; ///< starts so far
  std::uint64_t message_limit_bytes = 0;
  std::vector<std::string> addresses; ///< where it listens
  bool log_server = false;
  bool sequencer = false;
  bool operator==(const node_record &) const = default;
};

/// One link of a log's chain.
struct segment_record {
  std::uint32_t index = 0;
  offset_t base = 0;           ///< first offset of the segment
  std::optional<offset_t> end; ///< first offset after it; absent while it is the open one
  generation_t generation = 0; ///< of the sequencer's node when it opened
  std::string sequencer;       ///< node
  std::vector<std::string> nodeset;
  std::uint32_t replication = 0;         ///< how many members must hold an entry
  std::uint64_t segment_limit_bytes = 0; ///< smallest registered message limit in the nodeset when it opened
  std::string limit_owner;               ///< the node whose limit that is
  bool operator==(const segment_record &) const = default;
};

/// Key "log/NAME".
struct log_record {
  std::uint64_t id = 0; ///< never reused
  std::string name;
  std::string sequencer;
  std::vector<std::string> nodeset;
  std::uint32_t replication = 0;
  std::vector<std::string> policies;     ///< asked in order
  std::uint64_t message_limit_bytes = 0; ///< a lower limit of the log's own; 0 = none
  offset_t trim_point = 0;
  std::vector<segment_record> chain; ///< by index; empty until the sequencer opens the first
  bool operator==(const log_record &) const = default;

  [[nodiscard]] segment_id id_of(const segment_record &segment) const { return {id, segment.index}; }
  /// The segment that holds or will hold `offset`; null before the first and beyond a closed last one.
  [[nodiscard]] const segment_record *find(offset_t offset) const;
};

/// Key "blob-store/NAME". Written by the first node that made the store's marker or found it.
struct blob_store_record {
  std::string name;
  std::string marker; ///< id of the marker that every node must find in the store
  bool operator==(const blob_store_record &) const = default;
};

std::string encode(const node_record &record);
std::string encode(const log_record &record);
std::string encode(const blob_store_record &record);
/// Bad values are `malformed` with the key and what was wrong.
result<node_record> decode_node_record(std::string_view json);
result<log_record> decode_log_record(std::string_view json);
result<blob_store_record> decode_blob_store_record(std::string_view json);

/// A log name: 1 to wire::log_name_bytes_max of [a-z A-Z 0-9 . _ -], not beginning with '.' or '-'.
result<void> check_log_name(std::string_view name);
/// What to say when no log has that name: unknown_log, or what is wrong with the name itself.
error unknown_log_error(const std::string &name);

/// A record with the metadata version it was read at.
template <class Record> struct versioned {
  std::uint64_t version = 0;
  Record record;
};

/// Everything a node knows of the metadata, as of one revision.
struct cluster_view {
  wire::cluster_id cluster{};
  std::uint64_t revision = 0; ///< 0 = nothing heard from the metadata node yet
  std::map<std::string, versioned<node_record>> nodes;
  std::map<std::string, versioned<log_record>> logs;
  std::map<std::string, versioned<blob_store_record>> blob_stores;

  [[nodiscard]] const node_record *node(const std::string &name) const;
  [[nodiscard]] const versioned<log_record> *log(const std::string &name) const;
  [[nodiscard]] const log_record *log_by_id(std::uint64_t id) const;
};

/// The smallest message limit registered by a member of `nodeset`, present or not, and whose it is. Members that never
/// registered do not count; 0 when none has.
struct limit_and_owner {
  std::uint64_t bytes = 0;
  std::string owner;
};
limit_and_owner segment_limit_of(const cluster_view &view, const std::vector<std::string> &nodeset);

/// The largest segment limit of any segment that still holds entries of which `node` is a member: what it must be able
/// to hold, read and repair. 0 when there is none; `owner` is "LOG segment INDEX".
limit_and_owner format_limit_of(const cluster_view &view, const std::string &node);

} // namespace outsize::host
