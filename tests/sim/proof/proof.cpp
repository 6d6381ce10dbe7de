#include "sim/proof/proof.hpp"

#include "sim/run.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace outsize::sim {

namespace {
constexpr std::uint64_t seeds_max = 20;
} // namespace

scenario quiet_scenario(std::uint64_t seed) {
  scenario made = draw_scenario(seed);
  machine_settings first = made.machines.front();
  first.message_limit_bytes = 16 * wire::kib;
  first.log_server_memory_bytes = 64 * wire::kib;
  first.queue_bytes = 64 * wire::kib;
  first.part_window_bytes = 64 * wire::kib;
  made.machines.clear();
  made.logs.resize(1);
  made.logs.front() = {"log-1", "n1", {}, 0};
  for (const char *name : {"n1", "n2", "n3"}) {
    made.machines.push_back(first);
    made.machines.back().name = name;
    made.logs.front().nodeset.emplace_back(name);
  }
  made.replication = 2;
  for (client_settings &one : made.appenders) {
    one.nodes = {"n1", "n2", "n3"};
    one.pause_max = std::chrono::milliseconds(20);
    one.in_flight_max = std::max(one.in_flight_max, 4U);
  }
  for (client_settings &one : made.readers) {
    one.nodes = {"n2", "n3", "n1"};
  }
  made.path = {};
  made.disk = {};
  made.faults = {};
  made.sequencer.in_flight_bytes = made.sequencer.producer_in_flight_bytes = 1 * wire::mib;
  made.busy_time = std::chrono::seconds(4);
  made.appends_max = 60;
  made.in_memory = false;
  return made;
}

std::vector<finding> hunt(const planted_bug &plant, const std::function<void(scenario &)> &change) {
  for (std::uint64_t seed = 1; seed <= seeds_max; ++seed) {
    scenario plan = quiet_scenario(seed);
    if (change) {
      change(plan);
    }
    outcome of = run_scenario(plan, {}, plant);
    if (!of.found.empty()) {
      return std::move(of.found);
    }
  }
  return {};
}

std::string rules_of(const std::vector<finding> &found) {
  std::string made;
  for (const finding &one : found) {
    made += (made.empty() ? "" : " ") + one.rule;
  }
  return made;
}

bool finds(const std::string &rule, const planted_bug &plant, const std::function<void(scenario &)> &change) {
  const std::vector<finding> found = hunt(plant, change);
  const bool right = std::any_of(found.begin(), found.end(), [&](const finding &one) { return one.rule == rule; });
  for (const finding &one : found) {
    if (!right) {
      fmt::print("found instead: {} {}\n", one.rule, one.text);
    }
  }
  return right;
}

} // namespace outsize::sim
