// One simulated server: a disk that lasts, and a node that is started, killed and started again.
//
// Thread rule: one thread.
#pragma once

#include "host/node/node.hpp"
#include "sim/cluster/plugin_host.hpp"
#include "sim/cluster/scenario.hpp"
#include "sim/cluster/world.hpp"
#include "sim/storage/simulated_disk.hpp"

#include <memory>
#include <optional>
#include <string>

namespace outsize::sim {

class machine {
public:
  machine(world &in, const scenario &plan, machine_settings settings);
  machine(const machine &) = delete;
  machine &operator=(const machine &) = delete;

  void start();
  /// The process ends between two instructions. With `power_lost` nobody is told.
  void kill(bool power_lost);
  [[nodiscard]] bool up() const { return node_ != nullptr; }
  [[nodiscard]] bool ready() const { return node_ != nullptr && node_->ready(); }
  /// From the next start on.
  void set_message_limit(std::uint64_t bytes) { settings_.message_limit_bytes = bytes; }

  /// True when a poll would do something.
  [[nodiscard]] bool wants_poll() const;
  void poll();
  [[nodiscard]] time_point next_time() const { return next_; }

  [[nodiscard]] const std::string &name() const { return settings_.name; }
  [[nodiscard]] const machine_settings &settings() const { return settings_; }
  [[nodiscard]] simulated_disk &disk() { return disk_; }
  [[nodiscard]] std::string status_json() const;

private:
  [[nodiscard]] host::node_options options();
  void on_log(int level, const std::string &line);

  world &world_;
  const scenario &plan_;
  machine_settings settings_;
  random_source random_;
  simulated_disk disk_;
  plugin_host host_;
  wire::cluster_id cluster_{}; ///< what the data directory's marker would hold
  std::unique_ptr<host::node> node_;
  std::optional<error> fatal_;
  time_point next_ = never;
};

} // namespace outsize::sim
