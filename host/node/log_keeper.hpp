// The sequencers of one node, one for each log that the metadata gives it, and the creation of the logs its file wants.
//
// Thread rule: the node's loop thread.
#pragma once

#include "host/node/context.hpp"
#include "host/sequencer/log_sequencer.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace outsize::host {

class log_keeper {
public:
  explicit log_keeper(node_context &node);
  ~log_keeper();
  log_keeper(const log_keeper &) = delete;
  log_keeper &operator=(const log_keeper &) = delete;

  /// Null when this node is not the log's sequencer, or not yet.
  [[nodiscard]] log_sequencer *find(const std::string &log);
  [[nodiscard]] const std::map<std::string, std::unique_ptr<log_sequencer>> &all() const { return sequencers_; }

  /// Creates a log; `then` gets its record or why not. Defaults of `wanted` are filled in from the cluster.
  void create(wanted_log wanted, std::function<void(result<log_record>)> then);
  /// Each log that this node's file wants of it is there, or could not be created at the first attempt (which is told,
  /// and tried again).
  [[nodiscard]] bool own_logs_tried() const;
  /// Where the file and the metadata differ, one line each.
  [[nodiscard]] std::vector<std::string> differences() const;

  void on_registered();
  void on_view_changed();
  void on_store_link_up(const std::string &node);
  void on_control_link_up(const std::string &node);
  void on_store_link_down(const std::string &node);
  void on_time();
  [[nodiscard]] time_point next_time() const;

private:
  void begin_sequencer(const log_record &log);
  void begin_creations();
  [[nodiscard]] result<void> check(const wanted_log &wanted) const;
  [[nodiscard]] std::vector<std::string> peer_names() const;
  [[nodiscard]] std::string policy_remedy() const;
  struct number_attempt {
    log_record log;            ///< without its number
    std::uint64_t version = 0; ///< of the counter, as last seen
    std::uint64_t number = 1;
    int tries_left = 16;
  };
  void take_number(number_attempt attempt, std::function<void(result<log_record>)> then);
  void write_log(log_record made, std::function<void(result<log_record>)> then);

  node_context &node_;
  std::map<std::string, std::unique_ptr<log_sequencer>> sequencers_;
  std::map<std::string, bool> creating_; ///< logs of the file: true while a creation is under way
  std::set<std::string> failed_once_;    ///< of those
  time_point retry_at_ = never;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace outsize::host
