// One simulated server: a disk that lasts, and a node that is started, killed and started again.
//
// Thread rule: one thread.
#pragma once

#include "host/node/node.hpp"
#include "sim/cluster/plugin_host.hpp"
#include "sim/cluster/scenario.hpp"
#include "sim/cluster/world.hpp"
#include "sim/storage/simulated_blobs.hpp"
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
  /// The process does nothing until then; disk and network go on.
  void freeze(time_point until);
  [[nodiscard]] bool up() const { return node_ != nullptr; }
  [[nodiscard]] bool ready() const { return node_ != nullptr && node_->ready(); }
  /// The disk fails the next write, or the one after the next: the node must stop before it answers.
  void fail_next_write(bool reaches_disk);
  /// The disk is as good as new. A process that has to stop because of it has stopped.
  void mend_disk();
  /// A bug for proving the checker: the node goes by this budget, the checker by that of the settings.
  void plant_memory_budget(std::uint64_t bytes) { planted_memory_bytes_ = bytes; }
  /// The same for the sequencer: what may be in flight, in all and to one server.
  void plant_in_flight_budget(std::uint64_t bytes) { planted_in_flight_bytes_ = bytes; }
  /// The same for the fragments that may be on their way.
  void plant_bulk_window(std::uint64_t bytes) { planted_bulk_window_bytes_ = bytes; }
  /// From the next start on.
  void set_message_limit(std::uint64_t bytes) { settings_.message_limit_bytes = bytes; }

  /// True when a poll would do something.
  [[nodiscard]] bool wants_poll() const;
  void poll();
  [[nodiscard]] time_point next_time() const;

  [[nodiscard]] const std::string &name() const { return settings_.name; }
  [[nodiscard]] const machine_settings &settings() const { return settings_; }
  [[nodiscard]] simulated_disk &disk() { return disk_; }
  [[nodiscard]] simulated_blobs &blobs() { return blobs_; }
  [[nodiscard]] std::string status_json() const;

private:
  [[nodiscard]] host::node_options options();
  [[nodiscard]] bool is_expected(const std::string &alarm) const;
  void on_log(int level, const std::string &line);

  world &world_;
  const scenario &plan_;
  machine_settings settings_;
  random_source random_;
  simulated_disk disk_;
  simulated_blobs blobs_;
  plugin_host host_;
  wire::cluster_id cluster_{}; ///< what the data directory's marker would hold
  std::unique_ptr<host::node> node_;
  std::optional<error> fatal_;
  bool write_fails_ = false; ///< so a fatal error is in order
  std::uint64_t planted_memory_bytes_ = 0;
  std::uint64_t planted_in_flight_bytes_ = 0;
  std::uint64_t planted_bulk_window_bytes_ = 0;
  time_point next_ = never;
  time_point frozen_until_{};
};

} // namespace outsize::sim
