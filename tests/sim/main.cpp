// outsize-sim: runs seeds, one or a range, and says what they exercised.
//
//   outsize-sim --seed 42 --trace             one seed, with everything that is logged
//   outsize-sim --seeds 1..100000             a range; ends with 1 if any failed
//   outsize-sim --seeds 1..100000 --state F   goes on where F says it was
//   outsize-sim --seeds 1..64 --coverage F    keeps in F what the range exercised
//   outsize-sim --list F                      the seeds that the lines of F begin with
//   outsize-sim --covered F G H               ends with 1 when something was exercised by none of these ranges
#include "sim/checker/coverage.hpp"
#include "sim/run.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace {

using outsize::sim::coverage;
using outsize::sim::outcome;

struct seed_range {
  std::uint64_t first = 1;
  std::uint64_t last = 1;
};

struct range_options {
  std::string state;             ///< file that keeps the place; empty: none
  std::string coverage;          ///< file for what was exercised; empty: none
  std::uint64_t twice_every = 0; ///< one seed in so many is run twice; 0 = none
  bool quiet = false;
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

std::string text_of(const std::string &file) {
  std::ifstream from(file);
  return {std::istreambuf_iterator<char>(from), std::istreambuf_iterator<char>()};
}

std::uint64_t read_place(const std::string &file, std::uint64_t otherwise) {
  std::uint64_t place = otherwise;
  std::ifstream(file) >> place;
  return place;
}

void print_coverage(const coverage &seen) {
  std::string group;
  for (const auto &[name, count] : seen.counts()) {
    const std::size_t slash = name.find('/');
    if (name.substr(0, slash) != group) {
      group = name.substr(0, slash);
      fmt::print("\n{:14}", group);
    }
    fmt::print(" {}={}", name.substr(slash + 1), count);
  }
  fmt::print("\n");
}

/// The same seed must give the same run, step for step.
outcome run_twice(std::uint64_t seed) {
  outcome first = outsize::sim::run_seed(seed);
  const outcome second = outsize::sim::run_seed(seed);
  if (first.trace_hash != second.trace_hash || first.steps != second.steps || first.clients != second.clients) {
    first.found.push_back({"same",
                           {},
                           fmt::format("run twice, the traces differ: {:016x} in {} steps, {:016x} in {} steps",
                                       first.trace_hash, first.steps, second.trace_hash, second.steps)});
  }
  return first;
}

/// What many seeds came to.
struct tally {
  std::uint64_t seeds = 0;
  std::uint64_t failed = 0;
  coverage seen;
  outsize::duration simulated{};
  std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();

  void run(std::uint64_t seed, const range_options &how) {
    const bool twice = how.twice_every != 0 && seed % how.twice_every == 0;
    const outcome of = twice ? run_twice(seed) : outsize::sim::run_seed(seed);
    ++seeds;
    simulated += of.simulated;
    seen.add(of.seen);
    failed += tell(of, how.quiet) ? 0 : 1;
  }
  int end() const {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    print_coverage(seen);
    fmt::print("{} seeds, {} failed, {:.1f} s, {:.0f} simulated seconds per second\n", seeds, failed, took.count(),
               std::chrono::duration<double>(simulated).count() / took.count());
    return failed == 0 ? 0 : 1;
  }
};

int run_range(const seed_range &range, const range_options &how) {
  tally all;
  std::uint64_t seed = how.state.empty() ? range.first : std::max(range.first, read_place(how.state, range.first));
  for (; seed <= range.last; ++seed) {
    all.run(seed, how);
    if (!how.state.empty()) {
      std::ofstream(how.state, std::ios::trunc) << seed + 1 << '\n';
    }
  }
  if (!how.coverage.empty()) {
    std::ofstream(how.coverage, std::ios::trunc) << all.seen.to_text();
  }
  return all.end();
}

int run_list(const std::string &file, const range_options &how) {
  tally all;
  std::istringstream lines(text_of(file));
  for (std::string line; std::getline(lines, line);) {
    std::uint64_t seed = 0;
    if (std::istringstream(line) >> seed) {
      all.run(seed, how);
    }
  }
  if (all.seeds == 0) {
    fmt::print(stderr, "no seeds in {}\n", file);
    return 2;
  }
  return all.end();
}

int judge_coverage(const std::vector<std::string> &files) {
  coverage seen;
  for (const std::string &file : files) {
    seen.add_text(text_of(file));
  }
  print_coverage(seen);
  const std::vector<std::string> missing = seen.missing(outsize::sim::wanted_coverage());
  for (const std::string &name : missing) {
    fmt::print("never exercised: {}\n", name);
  }
  return missing.empty() ? 0 : 1;
}

int run_one(std::uint64_t seed, bool trace) {
  const auto plan = outsize::sim::draw_scenario(seed);
  return tell(outsize::sim::run_scenario(plan, trace ? &print_trace : outsize::sim::trace_line()), false) ? 0 : 1;
}

} // namespace

int main(int count, char **arguments) {
  CLI::App app("runs a simulated cluster from seeds");
  std::uint64_t seed = 0;
  std::string seeds;
  std::string list;
  std::vector<std::string> covered;
  range_options how;
  bool trace = false;
  app.add_option("--seed", seed, "one seed");
  app.add_flag("--trace", trace, "with --seed: print everything that is logged");
  app.add_option("--seeds", seeds, "a range, FIRST..LAST");
  app.add_option("--list", list, "a file whose lines begin with a seed");
  app.add_option("--state", how.state, "file that keeps the place in the range, to go on there");
  app.add_option("--coverage", how.coverage, "file to write what the range exercised to");
  app.add_option("--twice-every", how.twice_every, "run one seed in so many twice, and compare");
  app.add_flag("--quiet", how.quiet, "print only what fails");
  app.add_option("--covered", covered, "files of --coverage: did they together exercise everything?");
  CLI11_PARSE(app, count, arguments);
  outsize::sim::announce_aborts();
  if (!covered.empty()) {
    return judge_coverage(covered);
  }
  if (!list.empty()) {
    return run_list(list, how);
  }
  if (seeds.empty()) {
    return run_one(seed, trace);
  }
  const std::optional<seed_range> range = parse_range(seeds);
  if (!range) {
    fmt::print(stderr, "--seeds wants FIRST..LAST, not \"{}\"\n", seeds);
    return 2;
  }
  return run_range(*range, how);
}
