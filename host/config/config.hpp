// A node's configuration file, read and checked.
//
// Every value knows where it was written, so that whoever finds it wrong later (a plugin, the disk, the cluster) can
// still name file and line. docs/configuration.md is the page for operators; keys.hpp is the table behind both.
//
// Thread rule: plain values and pure functions; any thread.
#pragma once

#include "host/config/problem.hpp"

#include <outsize/time.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace outsize::host {

/// A line of a file. Line 0: the file as a whole, for values that are not in it.
struct place {
  std::string file;
  std::uint32_t line = 0;
  /// "n3.toml:8", or "n3.toml".
  [[nodiscard]] std::string text() const;
};

/// A value and where it comes from.
template <class T> struct setting {
  T value{};
  place where;         ///< of the value, or of its section when the default holds
  bool is_set = false; ///< false: the default
};

/// A plugin's parameter as it was written. What it means is decided by the table that the plugin exports.
struct raw_param {
  std::string name;
  std::variant<bool, std::int64_t, double, std::string> value;
  place where;
};

struct cluster_config {
  setting<std::string> name;
  setting<std::uint64_t> replication;
};

struct node_config {
  setting<std::string> name;
  setting<std::vector<std::string>> roles; ///< "sequencer", "log-server"
  setting<std::string> data_dir;           ///< absolute
  setting<std::uint64_t> message_limit;    ///< bytes
  setting<std::uint64_t> part_window;      ///< bytes
  setting<bool> insecure_listen;
  setting<std::string> log_level;

  [[nodiscard]] bool has_role(std::string_view role) const;
};

struct log_server_config {
  setting<std::uint64_t> memory_budget; ///< bytes
};

struct sequencer_config {
  setting<std::uint64_t> in_flight_bytes;
  setting<std::uint64_t> producer_in_flight_bytes;
  setting<std::uint64_t> bulk_window;  ///< bytes
  setting<std::string> spread;         ///< "all" or "replication"
  setting<std::string> on_lower_limit; ///< "set-aside" or "seal"
};

struct plugins_config {
  setting<std::vector<std::string>> search_path; ///< absolute; empty: beside the program
  std::map<std::string, setting<std::string>> sha256;
};

struct transport_config {
  setting<std::string> plugin;
  setting<std::string> listen; ///< empty: it only dials
  std::vector<raw_param> params;
  place where;
};

struct peer_config {
  setting<std::string> name;
  setting<std::string> address;
  place where;
};

struct metadata_config {
  setting<std::string> kind; ///< "embedded"
  setting<std::string> node;
};

struct size_policy_config {
  setting<std::string> name;
  setting<std::string> plugin;
  setting<std::uint64_t> applies_above; ///< bytes; not set: the log's policy limit
  std::vector<raw_param> params;
  place where;
};

struct blob_store_config {
  setting<std::string> name;
  setting<std::string> plugin;
  std::vector<raw_param> params;
  place where;
};

struct log_config {
  setting<std::string> name;
  setting<std::string> sequencer;
  setting<std::vector<std::string>> nodeset;
  setting<std::vector<std::string>> policies;
  setting<std::uint64_t> message_limit; ///< bytes; not set: none of its own
  setting<std::uint64_t> replication;   ///< not set: the cluster's
  place where;
};

struct config {
  std::string file;   ///< as it was named
  std::string folder; ///< absolute; relative paths start here
  cluster_config cluster;
  node_config node;
  log_server_config log_server;
  sequencer_config sequencer;
  plugins_config plugins;
  std::vector<transport_config> transports;
  std::vector<peer_config> peers;
  metadata_config metadata;
  std::vector<size_policy_config> size_policies;
  std::vector<blob_store_config> blob_stores;
  std::vector<log_config> logs;

  [[nodiscard]] const peer_config *peer(std::string_view name) const;
};

/// What was read. Only without problems may `value` be used.
struct config_reading {
  config value;
  std::vector<problem> problems; ///< all of them, in the order of the file as far as possible
};

/// Reads and checks a file. A file that cannot be read or is not TOML is one problem.
config_reading read_config_file(const std::string &file);

/// The same for text; `file` names it in places and gives the folder.
config_reading read_config_text(std::string_view text, const std::string &file);

/// What a file cannot say line by line: values that must fit each other. Called by the two above.
std::vector<problem> cross_check(const config &checked);

/// True for addresses of this machine only: 127.0.0.0/8, ::1, localhost, and addresses that are not of a network.
bool is_loopback(std::string_view address);

} // namespace outsize::host
