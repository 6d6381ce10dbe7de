#include "cluster_kind.hpp"

namespace outsize::test {

namespace {

std::string tcp_at(std::uint16_t port) {
  return "tcp://127.0.0.1:" + std::to_string(port);
}
std::string zeromq_at(std::uint16_t port) {
  return "zeromq+tcp://127.0.0.1:" + std::to_string(port);
}

/// "n1" is the first port, and so on; the last is the second door of n3 of a mixed cluster.
std::uint16_t port_of(const std::string &node, const port_lease &ports) {
  return ports.port(static_cast<std::size_t>(node.back() - '1'));
}

} // namespace

std::vector<std::string> listen_addresses(cluster_kind kind, const std::string &node, const port_lease &ports) {
  const std::uint16_t port = port_of(node, ports);
  if (kind == cluster_kind::zeromq || (kind == cluster_kind::mixed && node == "n2")) {
    return {zeromq_at(port)};
  }
  if (kind == cluster_kind::mixed && node == "n3") {
    return {tcp_at(port), zeromq_at(ports.port(node_names.size()))};
  }
  return {tcp_at(port)};
}

std::string peer_address(cluster_kind kind, const std::string &from, const std::string &to, const port_lease &ports) {
  const std::vector<std::string> doors = listen_addresses(kind, to, ports);
  return from == "n2" ? doors.back() : doors.front();
}

} // namespace outsize::test
