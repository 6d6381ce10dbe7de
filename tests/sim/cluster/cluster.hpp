// A whole cluster in one thread: machines, clients and faults on one clock, from one seed.
//
// A run has two phases. In the first, clients append and read while faults strike; whatever happens, nothing may become
// wrong. Then everything is healed, and within a bounded time every append must be answered, every log must take
// records again, every reader must see all of it, and every server must hold what it should.
//
// Thread rule: one thread.
#pragma once

#include "sim/cluster/appender.hpp"
#include "sim/cluster/machine.hpp"
#include "sim/cluster/meddler.hpp"
#include "sim/cluster/nemesis.hpp"
#include "sim/cluster/reader.hpp"
#include "sim/cluster/scenario.hpp"
#include "sim/cluster/world.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace outsize::sim {

class cluster {
public:
  explicit cluster(scenario plan);
  cluster(const cluster &) = delete;
  cluster &operator=(const cluster &) = delete;
  ~cluster();

  /// Both phases, and the checks at the end.
  void run();
  /// Goes on until `done` or until so much simulated time has passed. False on the latter, and when the checker has
  /// found something.
  bool run_until(const std::function<bool()> &done, duration at_most);

  [[nodiscard]] world &shared() { return world_; }
  [[nodiscard]] const scenario &plan() const { return plan_; }
  [[nodiscard]] std::vector<std::unique_ptr<machine>> &machines() { return machines_; }
  [[nodiscard]] blob_shelf &shelf() { return world_.shelf; }
  [[nodiscard]] nemesis &faults() { return nemesis_; }
  /// Plants a bug in the network, for proving the checker: it may change every message before anybody sees it.
  void plant(std::function<tampering(sighting &)> bug) { planted_ = std::move(bug); }
  /// The same behind the back of the checker: it sees the message as it was sent.
  void plant_unseen(std::function<void(sighting &)> bug) { planted_unseen_ = std::move(bug); }
  [[nodiscard]] std::uint64_t steps() const { return steps_; }

private:
  [[nodiscard]] time_point next_time() const;
  void step();
  void poll_all();
  [[nodiscard]] std::string who_spins() const;
  void wind_down();
  /// Asks every node for its status, as an operator would.
  void look_at_status(bool settled);
  [[nodiscard]] bool all_answered() const;
  [[nodiscard]] bool all_read() const;
  [[nodiscard]] bool all_copied() const;
  /// The first server that does not hold what it should; empty when all do.
  [[nodiscard]] std::string lacking() const;
  [[nodiscard]] std::string what_is_missing() const;

  scenario plan_;
  world world_;
  std::vector<std::unique_ptr<machine>> machines_;
  std::vector<std::unique_ptr<appender>> appenders_;
  std::vector<std::unique_ptr<reader>> readers_;
  nemesis nemesis_;
  meddler meddler_;
  std::function<tampering(sighting &)> planted_;
  std::function<void(sighting &)> planted_unseen_;
  status_bounds bounds_;
  time_point look_at_{};
  std::uint64_t steps_ = 0;
  std::uint64_t steps_now_ = 0; ///< without the time moving
};

} // namespace outsize::sim
