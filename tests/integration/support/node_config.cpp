#include "node_config.hpp"

#include <algorithm>
#include <sstream>

namespace outsize::test {

namespace {

std::string plugin_of(const std::string &address) {
  return address.substr(0, address.find_first_of("+:"));
}

/// Every transport of the kind: those on which the node listens, and those with which it only dials.
void write_transports(std::ostream &to, cluster_kind kind, const std::string &node, const port_lease &ports) {
  std::vector<std::string> listening;
  for (const std::string &address : listen_addresses(kind, node, ports)) {
    listening.push_back(plugin_of(address));
    to << "[[transport]]\nplugin = \"" << listening.back() << "\"\nlisten = \"" << address << "\"\n\n";
  }
  for (const std::string &plugin : {std::string("tcp"), std::string("zeromq")}) {
    const bool spoken = kind == cluster_kind::mixed || name_of(kind) == plugin;
    if (spoken && std::find(listening.begin(), listening.end(), plugin) == listening.end()) {
      to << "[[transport]]\nplugin = \"" << plugin << "\"\n\n";
    }
  }
  to << "[[transport]]\nplugin = \"inmemory\"\n\n";
}

} // namespace

std::string config_text(cluster_kind kind, const port_lease &ports, const std::string &node,
                        const node_options &options) {
  const bool is_sequencer = node == "n3";
  std::ostringstream to;
  to << "[cluster]\nname = \"test\"\nreplication = 2\n" << options.cluster << "\n\n";
  to << "[node]\nname = \"" << node << "\"\nroles = [" << (is_sequencer ? "\"sequencer\", " : "")
     << "\"log-server\"]\ndata-dir = \"" << node << "\"\nmessage-limit = \"" << options.message_limit << "\"\n"
     << options.node << "\n\n";
  to << "[log-server]\n" << options.log_server << "\n\n";
  to << "[sequencer]\n" << options.sequencer << "\n\n";
  write_transports(to, kind, node, ports);
  for (const std::string peer : node_names) {
    to << "[[peer]]\nname = \"" << peer << "\"\naddress = \"" << peer_address(kind, node, peer, ports) << "\"\n\n";
  }
  to << "[metadata]\nkind = \"embedded\"\nnode = \"n3\"\n\n";
  to << "[[size-policy]]\nname = \"reject\"\nplugin = \"reject\"\n\n";
  to << "[[log]]\nname = \"orders\"\nsequencer = \"n3\"\nnodeset = [\"n1\", \"n2\", \"n3\"]\npolicies = ["
     << options.policies << "]\n\n";
  to << options.more << "\n";
  return to.str();
}

} // namespace outsize::test
