#include "sim/checker/coverage.hpp"

#include <fmt/format.h>

#include <array>
#include <sstream>

namespace outsize::sim {

namespace {

// clang-format off
constexpr std::array wanted = std::to_array<std::string_view>({
  "fault/kill", "fault/power-cut", "fault/kill-all", "fault/lower-limit", "fault/break", "fault/block",
  "fault/slow-path", "fault/message-lost", "fault/half-open", "fault/handshake-lost", "fault/stalled-sync",
  "fault/unsynced-lost", "fault/unsynced-kept", "fault/freeze", "fault/duplicate", "fault/store-refused",
  "fault/full-disk", "fault/failing-reads", "fault/failed-write", "fault/bit-rot", "fault/client-left",
  "fault/source-failed",

  "rule/L1", "rule/L2", "rule/L3", "rule/L4", "rule/L5", "rule/L6", "rule/L7",
  "rule/L9", "rule/L10",
  "rule/Z1", "rule/Z2", "rule/Z3", "rule/Z4", "rule/Z5", "rule/Z6", "rule/Z7", "rule/Z8", "rule/Z9",

  "split/fragment", "split/commit", "split/abort", "split/cut-off", "split/acknowledged-whole",
  "split/acknowledged-in-pieces", "split/piece-sent", "split/piece-relayed", "split/payload-read",
  "split/payload-begun-again", "split/open-seen",

  "spill/reference", "spill/acknowledged-whole", "spill/acknowledged-in-pieces", "spill/payload-read",
  "spill/left-behind", "fault/blobs-away", "fault/blobs-full",
});
// clang-format on

} // namespace

std::uint64_t &coverage::counter(std::string_view name) {
  const auto found = counts_.find(name);
  return found != counts_.end() ? found->second : counts_.emplace(name, 0).first->second;
}

void coverage::add(const coverage &more) {
  for (const auto &[name, count] : more.counts_) {
    add(name, count);
  }
}

std::uint64_t coverage::count(std::string_view name) const {
  const auto found = counts_.find(name);
  return found == counts_.end() ? 0 : found->second;
}

std::string coverage::to_text() const {
  std::string text;
  for (const auto &[name, count] : counts_) {
    text += fmt::format("{} {}\n", name, count);
  }
  return text;
}

void coverage::add_text(const std::string &text) {
  std::istringstream lines(text);
  std::string name;
  std::uint64_t count = 0;
  while (lines >> name >> count) {
    add(name, count);
  }
}

std::vector<std::string> coverage::missing(std::span<const std::string_view> names) const {
  std::vector<std::string> made;
  for (const std::string_view name : names) {
    if (count(name) == 0) {
      made.emplace_back(name);
    }
  }
  return made;
}

std::span<const std::string_view> wanted_coverage() {
  return wanted;
}

} // namespace outsize::sim
