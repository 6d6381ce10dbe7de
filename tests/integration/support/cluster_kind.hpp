// Which transports a cluster speaks, and how its nodes reach one another.
//
// Thread rule: plain values.
#pragma once

#include "port_lease.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace outsize::test {

enum class cluster_kind {
  zeromq, ///< all nodes over ZeroMQ
  tcp,    ///< all nodes over TCP
  mixed,  ///< n1 over TCP, n2 over ZeroMQ, n3 over both
};

/// n3 is sequencer, metadata and log server in one, and reaches its own log server in memory.
inline constexpr std::array<const char *, 3> node_names{"n1", "n2", "n3"};

constexpr std::string_view name_of(cluster_kind kind) {
  switch (kind) {
  case cluster_kind::zeromq:
    return "zeromq";
  case cluster_kind::tcp:
    return "tcp";
  case cluster_kind::mixed:
    return "mixed";
  }
  return "unknown";
}

/// Where `node` listens: one address, or two for n3 of a mixed cluster. The first is for clients.
std::vector<std::string> listen_addresses(cluster_kind kind, const std::string &node, const port_lease &ports);

/// The address at which `from` dials `to`.
std::string peer_address(cluster_kind kind, const std::string &from, const std::string &to, const port_lease &ports);

} // namespace outsize::test
