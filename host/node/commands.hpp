// The commands of operators: arguments and results are JSON objects.
//
//   status         {}                            what this node sees of itself and its peers
//   log-create     {name, policies?, message-limit?, sequencer?, nodeset?}
//   log-list       {}
//   log-describe   {log}
//   digest         {log, from?, to?}             which log server holds what
//   blob-…                                       spilled payloads: blob_commands.hpp
//
// Thread rule: the node's loop thread.
#pragma once

#include "host/node/blob_commands.hpp"
#include "host/node/context.hpp"
#include "host/node/log_keeper.hpp"

#include <functional>
#include <memory>
#include <string>

namespace outsize::host {

class commands {
public:
  /// `status` makes the status object when asked.
  commands(node_context &node, log_keeper &logs, read_service &reads, std::function<std::string()> status);
  ~commands();
  commands(const commands &) = delete;
  commands &operator=(const commands &) = delete;

  void on_command(const wire::incoming &request);

private:
  void create_log(const asker &to, const std::string &arguments);
  void describe_log(const asker &to, const std::string &arguments);
  void list_logs(const asker &to);
  void digest(const asker &to, const std::string &arguments);

  node_context &node_;
  log_keeper &logs_;
  blob_commands blobs_;
  std::function<std::string()> status_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace outsize::host
