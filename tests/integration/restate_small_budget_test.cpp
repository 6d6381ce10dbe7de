// A log server that could never hold what it must take says so at start, and names both settings.
#include "support/cluster_case.hpp"

#include <csignal>

using namespace outsize;
using namespace outsize::test;

CLUSTER_CASE("restate small-budget") {
  cluster nodes(kind);
  nodes.options("n1").log_server = "memory-budget = \"16MiB\"";
  nodes.launch("n1");
  CHECK(nodes.node("n1").await_exit() == 2);
  const std::string said = nodes.node("n1").log();
  INFO(said);
  CHECK(
      said.find("budget_too_small: log-server.memory-budget is below one legal message, node.message-limit (16MiB; ") !=
      std::string::npos);
  CHECK(said.find("n1.toml:") != std::string::npos);
  CHECK(said.find("at least 32MiB; raise log-server.memory-budget or lower node.message-limit)") != std::string::npos);
}

CLUSTER_CASE("restate small-budget: below the limit of a segment that lives") {
  cluster nodes(kind);
  nodes.start_all();
  nodes.node("n1").end(SIGTERM);
  nodes.options("n1").message_limit = "8MiB";
  nodes.options("n1").log_server = "memory-budget = \"16MiB\"";
  nodes.launch("n1");
  CHECK(nodes.node("n1").await_exit() == 1);
  const std::string said = nodes.node("n1").log();
  INFO(said);
  CHECK(said.find("budget_too_small: log-server.memory-budget = 16MiB cannot hold one message of log orders segment "
                  "0, whose segment limit is 32MiB") != std::string::npos);
  nodes.shut_down();
}
