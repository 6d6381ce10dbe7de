// A checker that cannot fail proves nothing: a bug is planted at a seam (network, disk, budget), and a rule must find
// it. Bugs in the host's own code are planted by the patches of tests/broken.
#pragma once

#include "sim/checker/findings.hpp"
#include "sim/cluster/cluster.hpp"
#include "sim/cluster/rewrite.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace outsize::sim {

/// Three nodes and little trouble: runs that are over soon, in which nothing is found unless it was planted.
scenario quiet_scenario(std::uint64_t seed);

using planted_bug = std::function<void(cluster &)>;

/// Plants a change of every message of one kind, whoever sends it.
template <class Message, class Change> planted_bug in_every(Change change) {
  return [change](cluster &running) {
    running.plant([change](sighting &message) {
      rewrite<Message>(message, change);
      return tampering::pass;
    });
  };
}

/// What the first of a few seeds found in which anything was found; empty when none did.
std::vector<finding> hunt(const planted_bug &plant, const std::function<void(scenario &)> &change = {});
/// The rules of these findings, in order, "L3 L3 Z5".
std::string rules_of(const std::vector<finding> &found);
/// True when one of the findings is of that rule; prints them when not.
bool finds(const std::string &rule, const planted_bug &plant, const std::function<void(scenario &)> &change = {});

} // namespace outsize::sim
