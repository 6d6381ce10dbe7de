// A log server that is stopped, not gone: its links stay open, its kernel takes bytes, and nobody answers.
#include "faults/stress.hpp"

#include <outsize/suite/patience.hpp>
#include <outsize/wire/endpoint.hpp>
#include <outsize/wire/limits.hpp>

#include <csignal>
#include <iostream>
#include <map>

using namespace outsize;
using namespace outsize::test;
using namespace outsize::faults;

namespace {

constexpr auto stopped_for = std::chrono::seconds(20);
/// What the design calls flat, at links of 32 MiB.
constexpr std::uint64_t growth_bytes_max = suite::memory_factor * (2 * 32 * wire::mib + 16 * wire::mib);
/// A write quorum does not need the stopped server, so nothing waits for it. Whatever did would wait until its link is
/// found dead: that is what a gap is measured against, not a speed.
constexpr duration gap_max = suite::time_factor * wire::endpoint_options{}.half_open_after;

} // namespace

CLUSTER_CASE("stuck peer") {
  stress cluster(kind);
  // Enough to fill what one server may be sent unanswered long before its link is given up.
  cluster.begin_load(1, {"n1", "n2", "n3"}, std::chrono::milliseconds(30));
  cluster.await_acknowledged(500);
  const std::vector<std::string> others{"n2", "n3"};
  std::map<std::string, std::uint64_t> before;
  for (const std::string &name : others) {
    cluster.nodes.node(name).reset_peak();
    before[name] = cluster.nodes.node(name).resident_bytes();
  }
  cluster.running->forget_gaps();

  cluster.nodes.node("n1").signal(SIGSTOP);
  (void)cluster.running->await_acknowledged(SIZE_MAX / 2, steady_now() + stopped_for); // never so many: 20 s of load
  const load_report seen = cluster.running->report();
  std::cout << "stuck peer [" << name_of(kind) << "]: longest gap between acknowledgements "
            << std::chrono::duration_cast<std::chrono::milliseconds>(seen.longest_gap).count() << " ms";
  CHECK(seen.longest_gap < gap_max);
  for (const std::string &name : others) {
    const std::uint64_t peak = cluster.nodes.node(name).peak_resident_bytes();
    const std::uint64_t growth = peak - std::min(peak, before.at(name));
    std::cout << ", growth of " << name << " " << growth / wire::mib << " MiB";
    CHECK(growth <= growth_bytes_max);
  }
  std::cout << std::endl;

  cluster.nodes.node("n1").signal(SIGCONT);
  cluster.await_acknowledged(100);
  cluster.settle();
  cluster.nodes.shut_down();
}
