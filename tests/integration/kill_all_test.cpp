// All three nodes killed with -9 at a random point of a mixed load, again and again.
//
// Environment:
//   OUTSIZE_KILL_SEED    the randomness of a run that is to be repeated; it is printed
//   OUTSIZE_KILL_ROUNDS  how often they are killed, instead of 50
//   OUTSIZE_KILL_PLACE   a folder in which a long run keeps its place: started again it goes on where it was
#include "faults/kill_plan.hpp"
#include "faults/stress.hpp"

#include <algorithm>
#include <csignal>
#include <random>

using namespace outsize;
using namespace outsize::test;
using namespace outsize::faults;

namespace {

/// How long it is until the next kill, at most, from the first acknowledgement after a start, or from the start itself.
constexpr auto run_max = std::chrono::milliseconds(300);

std::vector<std::string> shuffled(std::mt19937_64 &random) {
  std::vector<std::string> names(node_names.begin(), node_names.end());
  std::shuffle(names.begin(), names.end(), random);
  return names;
}

void run(cluster_kind kind, const kill_set &what) {
  std::mt19937_64 random(what.seed);
  stress cluster(kind);
  cluster.begin_load(what.seed);
  for (std::uint32_t round = 0; round < what.rounds; ++round) {
    INFO("round " << round << " of " << what.rounds << ", seed " << what.seed);
    if (random() % 4 != 0) { // else perhaps in the middle of a recovery
      cluster.await_acknowledged(1);
    }
    const auto time = std::chrono::microseconds(random() % (1 + std::chrono::microseconds(run_max).count()));
    (void)cluster.running->await_acknowledged(SIZE_MAX / 2, steady_now() + time); // never so many: a point in time
    cluster.kill(shuffled(random));
    for (const std::string &name : shuffled(random)) {
      cluster.nodes.launch(name);
    }
  }
  cluster.await_acknowledged(100); // without an operator
  cluster.settle();
  cluster.nodes.shut_down();
}

} // namespace

CLUSTER_CASE("kill all") {
  kill_plan plan("kill all [" + std::string(name_of(kind)) + "]");
  while (const std::optional<kill_set> next = plan.next()) {
    run(kind, *next);
    plan.is_done(*next);
  }
}
