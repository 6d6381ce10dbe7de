// One seed, from the drawing of its scenario to the verdict.
//
// Thread rule: one thread.
#pragma once

#include "sim/checker/coverage.hpp"
#include "sim/checker/findings.hpp"
#include "sim/checker/history.hpp"
#include "sim/cluster/scenario.hpp"

#include <outsize/time.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace outsize::sim {

class cluster;

struct outcome {
  std::uint64_t seed = 0;
  std::vector<finding> found; ///< empty: nothing was wrong
  std::uint64_t trace_hash = 0;
  history::totals clients;
  std::uint64_t messages = 0;
  std::uint64_t faults = 0;
  std::uint64_t steps = 0;
  duration simulated{};
  coverage seen;
};

using trace_line = std::function<void(time_point, const std::string &who, const std::string &line)>;

/// Runs a scenario. `prepare`, when given, may plant a fault in the cluster before it starts.
outcome run_scenario(const scenario &plan, const trace_line &trace = {},
                     const std::function<void(cluster &)> &prepare = {});
outcome run_seed(std::uint64_t seed);

/// What was wrong and how to see it again; empty when nothing was.
std::string report(const outcome &of);
/// One line about a run.
std::string summary(const outcome &of);

/// Prints the seed under way when the process is stopped by an invariant of the host.
void announce_aborts();

} // namespace outsize::sim
