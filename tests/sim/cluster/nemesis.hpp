// Makes faults, one after the other, as the scenario allows, and heals them: machines die and come back, some with a
// lower limit; processes stand still; links break; paths stall in one direction or both; bandwidth drops; disks are
// full, fail, and lose what they had.
//
// Thread rule: one thread.
#pragma once

#include "sim/cluster/machine.hpp"
#include "sim/cluster/scenario.hpp"
#include "sim/cluster/world.hpp"

#include <outsize/wire/timers.hpp>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace outsize::sim {

class nemesis {
public:
  nemesis(world &in, const scenario &plan, std::vector<std::unique_ptr<machine>> &machines);
  nemesis(const nemesis &) = delete;
  nemesis &operator=(const nemesis &) = delete;

  void run();
  [[nodiscard]] time_point next_time() const;
  /// Ends every fault, for good: all machines run, all paths are as good as new.
  void heal();
  [[nodiscard]] std::uint64_t faults_made() const { return faults_made_; }

private:
  void strike();
  void kill_one();
  void kill_all();
  void break_some();
  void freeze_one();
  void fill_disk();
  void fail_disk();
  void trouble_blobs();
  void mend_later(machine &which, duration at_most);
  void rot_some();
  void rot(machine &which, const segment_id &segment, offset_t offset, std::uint64_t bytes);
  void block_some();
  void slow_some();
  void kill(machine &which);
  void lower_limit(machine &which);
  /// Everybody that has paths: machines and clients.
  [[nodiscard]] const std::string &anybody();

  world &world_;
  const scenario &plan_;
  std::vector<std::unique_ptr<machine>> &machines_;
  random_source random_;
  std::vector<std::string> everybody_;
  std::vector<void (nemesis::*)()> kinds_;
  std::set<std::pair<segment_id, offset_t>> rotten_;
  wire::timer_queue timers_;
  time_point strike_at_{};
  std::uint64_t faults_made_ = 0;
};

} // namespace outsize::sim
