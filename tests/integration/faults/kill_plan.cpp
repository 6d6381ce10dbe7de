#include "kill_plan.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <stdexcept>

namespace outsize::faults {
namespace {

/// Kills of one cluster: its disk stays small, and a run that was cut off has little to do again.
constexpr std::uint32_t rounds_per_set = 50;

std::optional<std::uint64_t> number_of(const char *variable) {
  const char *text = std::getenv(variable);
  return text == nullptr ? std::nullopt : std::optional<std::uint64_t>(std::stoull(text));
}

std::uint64_t random_seed() {
  std::random_device source;
  return std::uint64_t{source()} << 32 | source();
}

/// "kill all [tcp]" as the name of a file.
std::string file_name(std::string name) {
  std::replace_if(name.begin(), name.end(), [](unsigned char letter) { return std::isalnum(letter) == 0; }, '-');
  return name;
}

} // namespace

kill_plan::kill_plan(const std::string &name)
    : name_(name), seed_(number_of("OUTSIZE_KILL_SEED").value_or(random_seed())),
      rounds_(number_of("OUTSIZE_KILL_ROUNDS").value_or(rounds_per_set)) {
  if (const char *folder = std::getenv("OUTSIZE_KILL_PLACE")) {
    std::filesystem::create_directories(folder);
    place_file_ = std::string(folder) + "/" + file_name(name);
    std::ifstream from(place_file_);
    std::uint64_t seed = 0;
    if (from >> seed >> sets_done_) {
      seed_ = seed;
    }
  }
  say();
}

std::optional<kill_set> kill_plan::next() const {
  const std::uint64_t rounds_done = sets_done_ * rounds_per_set;
  if (rounds_done >= rounds_) {
    return std::nullopt;
  }
  const auto rounds = static_cast<std::uint32_t>(std::min<std::uint64_t>(rounds_per_set, rounds_ - rounds_done));
  return kill_set{sets_done_, seed_ + sets_done_, rounds};
}

void kill_plan::is_done(const kill_set &what) {
  sets_done_ = what.number + 1;
  keep();
}

void kill_plan::say() const {
  std::cout << name_ << ": " << rounds_ << " rounds, " << std::min(rounds_, sets_done_ * rounds_per_set)
            << " done before; again with OUTSIZE_KILL_SEED=" << seed_ << std::endl;
}

void kill_plan::keep() const {
  if (place_file_.empty()) {
    return;
  }
  const std::string fresh = place_file_ + ".new";
  std::ofstream(fresh) << seed_ << " " << sets_done_ << "\n";
  std::filesystem::rename(fresh, place_file_);
}

} // namespace outsize::faults
