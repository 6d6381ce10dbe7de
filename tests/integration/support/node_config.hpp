// The configuration file of one node of a test's cluster: as examples/clusters, with what a test wants different.
//
// Thread rule: plain values.
#pragma once

#include "cluster_kind.hpp"

#include <string>

namespace outsize::test {

/// What a test may set before a node is started, or started again. All but the first and the last are lines of TOML.
struct node_options {
  std::string message_limit = "32MiB";
  std::string cluster;    ///< more keys of [cluster]
  std::string node;       ///< more keys of [node]
  std::string log_server; ///< keys of [log-server]
  /// Keys of [sequencer]; by default several of the largest records may be on their way at once.
  std::string sequencer = "producer-in-flight-bytes = \"128MiB\"";
  std::string policies = "\"reject\""; ///< of the log "orders", in order
  std::string more;                    ///< whole sections
  bool obeys_modes = false;            ///< file modes hold for the node, even when root runs it
};

/// The data folder is named after the node and lies beside the file.
std::string config_text(cluster_kind kind, const port_lease &ports, const std::string &node,
                        const node_options &options);

} // namespace outsize::test
