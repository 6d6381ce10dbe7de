// Three real nodes on loopback, for one test: n3 is sequencer, metadata and log server, n1 and n2 are log servers;
// replication 2; one log, "orders", on all three, under the policy reject.
//
// Thread rule: one thread.
#pragma once

#include "client_session.hpp"
#include "node_config.hpp"
#include "node_process.hpp"
#include "tool.hpp"
#include "work_dir.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace outsize::test {

class cluster {
public:
  explicit cluster(cluster_kind kind);

  /// What the next start of `node` uses.
  node_options &options(const std::string &node) { return options_.at(node); }
  node_process &node(const std::string &name) { return nodes_.at(name); }

  /// Starts them, then waits until each has said that it is ready.
  void start(const std::vector<std::string> &names);
  /// All three, until the log "orders" takes appends and its sequencer reaches every server.
  void start_all();
  /// Starts one that need not get ready.
  void launch(const std::string &name);
  /// Ends it by `signal` and starts it with the options of now.
  void restart(const std::string &name, int signal);
  /// SIGTERM to all that run; each must exit 0.
  void shut_down();

  /// Until the sequencer of `log`, on n3, takes appends and reaches `servers`.
  void await_open(const std::string &log, const std::vector<std::string> &servers = {"n1", "n2", "n3"}) const;

  /// Where clients reach a node.
  [[nodiscard]] std::string address(const std::string &node) const;
  /// Everywhere it listens.
  [[nodiscard]] std::vector<std::string> addresses(const std::string &node) const;
  [[nodiscard]] const std::string &config_file(const std::string &node) const { return nodes_.at(node).config_file(); }
  [[nodiscard]] client_session connect(const std::string &node) const { return client_session(address(node)); }

  /// `outsize … --connect` to a node.
  [[nodiscard]] child_process::output outsize(const std::string &node, std::vector<std::string> arguments) const;
  /// The same in the background.
  [[nodiscard]] std::unique_ptr<child_process> begin_outsize(const std::string &node,
                                                             std::vector<std::string> arguments) const;
  /// `outsize … --json`, which must succeed.
  [[nodiscard]] nlohmann::json ask(const std::string &node, std::vector<std::string> arguments) const;
  [[nodiscard]] nlohmann::json status(const std::string &node) const { return ask(node, {"status"}); }
  [[nodiscard]] nlohmann::json digest(const std::string &log) const { return ask("n3", {"digest", log}); }

  /// A path in the test's folder.
  [[nodiscard]] std::string path(const std::string &name) const { return folder_ / name; }

private:
  cluster_kind kind_;
  port_lease ports_;
  work_dir folder_;
  std::map<std::string, node_options> options_;
  std::map<std::string, node_process> nodes_;
};

} // namespace outsize::test
