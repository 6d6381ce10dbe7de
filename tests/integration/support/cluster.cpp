#include "cluster.hpp"

#include "await.hpp"
#include "counters.hpp"

#include <csignal>
#include <utility>

namespace outsize::test {

cluster::cluster(cluster_kind kind) : kind_(kind) {
  for (const std::string name : node_names) {
    options_.try_emplace(name);
    nodes_.try_emplace(name, name, folder_.path());
  }
}

void cluster::launch(const std::string &name) {
  node(name).start(config_text(kind_, ports_, name, options(name)), options(name).obeys_modes);
}

void cluster::start(const std::vector<std::string> &names) {
  for (const std::string &name : names) {
    launch(name);
  }
  for (const std::string &name : names) {
    node(name).await_ready();
  }
}

void cluster::start_all() {
  start({node_names.begin(), node_names.end()});
  await_open("orders");
}

void cluster::await_open(const std::string &log, const std::vector<std::string> &servers) const {
  await("the sequencer of log " + log + " takes appends and reaches its servers",
        [&] { return takes_appends(status("n3"), log, servers); });
}

void cluster::restart(const std::string &name, int signal) {
  node(name).end(signal);
  start({name});
}

void cluster::shut_down() {
  for (auto &[name, running] : nodes_) {
    if (running.started()) {
      running.signal(SIGTERM);
    }
  }
  for (auto &[name, running] : nodes_) {
    if (running.started()) {
      INFO("node " << name << " ends");
      CHECK(running.await_exit() == 0);
    }
  }
}

std::string cluster::address(const std::string &node) const {
  return listen_addresses(kind_, node, ports_).front();
}

std::vector<std::string> cluster::addresses(const std::string &node) const {
  return listen_addresses(kind_, node, ports_);
}

child_process::output cluster::outsize(const std::string &node, std::vector<std::string> arguments) const {
  arguments.insert(arguments.end(), {"--connect", address(node)});
  return run_outsize(std::move(arguments));
}

std::unique_ptr<child_process> cluster::begin_outsize(const std::string &node,
                                                      std::vector<std::string> arguments) const {
  arguments.insert(arguments.end(), {"--connect", address(node)});
  return test::begin_outsize(std::move(arguments));
}

nlohmann::json cluster::ask(const std::string &node, std::vector<std::string> arguments) const {
  arguments.insert(arguments.end(), {"--connect", address(node)});
  return ask_outsize(std::move(arguments));
}

} // namespace outsize::test
