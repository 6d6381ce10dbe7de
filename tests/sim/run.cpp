#include "sim/run.hpp"

#include "sim/cluster/cluster.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>

namespace outsize::sim {

namespace {

volatile std::sig_atomic_t seed_low = 0; // a seed in two halves: what a signal handler may read
volatile std::sig_atomic_t seed_high = 0;

void remember(std::uint64_t seed) {
  seed_low = static_cast<std::sig_atomic_t>(seed & 0x7fffffffU);
  seed_high = static_cast<std::sig_atomic_t>((seed >> 31U) & 0x7fffffffU);
}

std::string replay_command(std::uint64_t seed) {
  return fmt::format("build/release/bin/outsize-sim --seed {} --trace", seed);
}

/// What the checker saw, and the faults that only network and disks know of.
coverage seen_in(cluster &after) {
  coverage seen = after.shared().judge.seen();
  const network_faults &faults = after.shared().net.faults();
  seen.add("fault/message-lost", faults.messages_lost);
  seen.add("fault/half-open", faults.links_half_open);
  seen.add("fault/handshake-lost", faults.handshakes_lost);
  for (const std::unique_ptr<machine> &one : after.machines()) {
    seen.add("fault/stalled-sync", one->disk().stalls());
  }
  return seen;
}

extern "C" void on_abort(int number) {
  const auto seed = (static_cast<std::uint64_t>(seed_high) << 31U) | static_cast<std::uint64_t>(seed_low);
  // The process ends with this line; fprintf is as good as it gets.
  std::fprintf(stderr, "stopped by signal %d in seed %llu; replay: build/release/bin/outsize-sim --seed %llu --trace\n",
               number, static_cast<unsigned long long>(seed), static_cast<unsigned long long>(seed));
  std::signal(number, SIG_DFL);
  std::raise(number);
}

} // namespace

void announce_aborts() {
  std::signal(SIGABRT, &on_abort);
  std::signal(SIGSEGV, &on_abort);
}

outcome run_scenario(const scenario &plan, const trace_line &trace, const std::function<void(cluster &)> &prepare) {
  remember(plan.seed);
  cluster running(plan);
  running.shared().trace = trace;
  running.shared().say("scenario", plan.describe());
  if (prepare) {
    prepare(running);
  }
  const time_point began = running.shared().now;
  running.run();
  checker &judge = running.shared().judge;
  outcome made;
  made.seed = plan.seed;
  made.found = judge.found().list();
  made.trace_hash = judge.trace_hash();
  made.clients = judge.clients().counts();
  made.messages = judge.messages();
  made.faults = running.faults().faults_made();
  made.steps = running.steps();
  made.simulated = running.shared().now - began;
  made.seen = seen_in(running);
  return made;
}

outcome run_seed(std::uint64_t seed) {
  return run_scenario(draw_scenario(seed));
}

std::string report(const outcome &of) {
  if (of.found.empty()) {
    return {};
  }
  std::string text = fmt::format("seed {}:\n", of.seed);
  for (const finding &one : of.found) {
    text += fmt::format("  {} at {:.6f} s: {}\n", one.rule, std::chrono::duration<double>(one.at).count(), one.text);
  }
  return text + "  replay: " + replay_command(of.seed);
}

std::string summary(const outcome &of) {
  std::string refused;
  for (const auto &[code, count] : of.clients.refused) {
    refused += fmt::format(" {}={}", code, count);
  }
  return fmt::format("seed {} {} appends={} acknowledged={} unknown={} refused:{} read={} messages={} faults={} "
                     "steps={} simulated={:.1f}s hash={:016x}",
                     of.seed, of.found.empty() ? "ok" : "FAILED", of.clients.appends, of.clients.acknowledged,
                     of.clients.unknown, refused, of.clients.records_read, of.messages, of.faults, of.steps,
                     std::chrono::duration<double>(of.simulated).count(), of.trace_hash);
}

} // namespace outsize::sim
