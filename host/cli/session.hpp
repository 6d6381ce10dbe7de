// A connection to the cluster, over plugins loaded by the same rules as the daemon's.
//
// Which plugin an address needs follows from its scheme: `zeromq+tcp://…` is served by the plugin `zeromq`, `tcp://…`
// by `tcp`. With --config the file's transports, with their parameters, are used instead.
//
// Thread rule: one thread.
#pragma once

#include "host/cli/invocation.hpp"
#include "host/config/problem.hpp"
#include "host/daemon/preparation.hpp"
#include "host/daemon/runtime.hpp"

#include <outsize/client/client.hpp>

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace outsize::host {

/// Addresses of nodes, and where somebody wrote them: what has to be corrected when they are wrong.
struct node_addresses {
  std::vector<std::string> list;
  std::string source; ///< "--connect", a file, "OUTSIZE_CONNECT", "the default address"
};

class session {
public:
  /// Loads plugins and connects. Error: what was wrong with address, plugin or configuration, or why no node answered.
  static std::variant<std::unique_ptr<session>, problem> open(const common_options &options, node_addresses where);
  session(const session &) = delete;
  session &operator=(const session &) = delete;

  [[nodiscard]] client::blocking_client &client() { return *client_; }
  /// From now on the client's waits end by their deadlines only: for the last answers after a Ctrl-C.
  void ignore_interrupts() { ignores_interrupts_ = true; }

private:
  explicit session(node_addresses where);
  std::vector<problem> open_from_config(const std::string &file);
  std::vector<problem> open_by_scheme(const common_options &options);
  result<void> connect(const common_options &options);
  [[nodiscard]] problem unreachable(const error &why) const;

  node_addresses where_;
  bool ignores_interrupts_ = false;
  runtime runtime_;
  std::unique_ptr<registry> modules_;
  std::unique_ptr<preparation> prepared_;
  std::vector<std::unique_ptr<transport_handle>> transports_;
  std::unique_ptr<client::blocking_client> client_; // first to go
};

/// Where to connect: --connect, else the peers of --config, else OUTSIZE_CONNECT (separated by commas), else the
/// default. Problems are those of the configuration file, and addresses that are none.
std::variant<node_addresses, problem> addresses_of(const common_options &options);

/// The folders in which the tool looks for plugins: --plugin-path, or those of --config, or beside the program.
std::variant<registry::options, problem> plugin_options_of(const common_options &options);

} // namespace outsize::host
