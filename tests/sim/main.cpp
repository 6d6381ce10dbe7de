// outsize-sim: runs seeds outside of the test suite, for a long time if wished.
//
//   outsize-sim --seed 42 --trace           one seed, with everything that is logged
//   outsize-sim --seeds 1..100000           a range; ends with 1 if any failed
//   outsize-sim --seeds 1..100000 --state F goes on where F says it was
#include "sim/run.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>

namespace {

using outsize::sim::outcome;

struct seed_range {
  std::uint64_t first = 1;
  std::uint64_t last = 1;
};

std::optional<seed_range> parse_range(const std::string &text) {
  seed_range made;
  const int fields = std::sscanf(text.c_str(), "%lu..%lu", &made.first, &made.last);
  return fields == 2 && made.first <= made.last ? std::optional<seed_range>(made) : std::nullopt;
}

void print_trace(outsize::time_point when, const std::string &who, const std::string &line) {
  fmt::print("{:14.6f} {:8} {}\n", std::chrono::duration<double>(when.time_since_epoch()).count(), who, line);
}

/// Prints what there is to say; true when nothing was wrong.
bool tell(const outcome &of, bool quiet) {
  if (!quiet || !of.found.empty()) {
    fmt::print("{}\n", outsize::sim::summary(of));
  }
  if (!of.found.empty()) {
    fmt::print("{}\n", outsize::sim::report(of));
  }
  std::fflush(stdout);
  return of.found.empty();
}

std::uint64_t read_place(const std::string &file, std::uint64_t otherwise) {
  std::uint64_t place = otherwise;
  std::ifstream(file) >> place;
  return place;
}

int run_range(const seed_range &range, const std::string &state, bool quiet) {
  const std::uint64_t first = state.empty() ? range.first : std::max(range.first, read_place(state, range.first));
  std::uint64_t failed = 0;
  const auto began = std::chrono::steady_clock::now();
  outsize::duration simulated{};
  for (std::uint64_t seed = first; seed <= range.last; ++seed) {
    const outcome of = outsize::sim::run_seed(seed);
    simulated += of.simulated;
    failed += tell(of, quiet) ? 0 : 1;
    if (!state.empty()) {
      std::ofstream(state, std::ios::trunc) << seed + 1 << '\n';
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  fmt::print("{} seeds, {} failed, {:.1f} s, {:.0f} simulated seconds per second\n", range.last + 1 - first, failed,
             took.count(), std::chrono::duration<double>(simulated).count() / took.count());
  return failed == 0 ? 0 : 1;
}

} // namespace

int main(int count, char **arguments) {
  CLI::App app("runs a simulated cluster from seeds");
  std::uint64_t seed = 0;
  std::string seeds;
  std::string state;
  bool trace = false;
  bool quiet = false;
  app.add_option("--seed", seed, "one seed");
  app.add_option("--seeds", seeds, "a range, FIRST..LAST");
  app.add_option("--state", state, "file that keeps the place in the range, to go on there");
  app.add_flag("--trace", trace, "with --seed: print everything that is logged");
  app.add_flag("--quiet", quiet, "print only what fails");
  CLI11_PARSE(app, count, arguments);
  outsize::sim::announce_aborts();
  if (!seeds.empty()) {
    const std::optional<seed_range> range = parse_range(seeds);
    if (!range) {
      fmt::print(stderr, "--seeds wants FIRST..LAST, not \"{}\"\n", seeds);
      return 2;
    }
    return run_range(*range, state, quiet);
  }
  const auto plan = outsize::sim::draw_scenario(seed);
  return tell(outsize::sim::run_scenario(plan, trace ? &print_trace : outsize::sim::trace_line()), false) ? 0 : 1;
}
