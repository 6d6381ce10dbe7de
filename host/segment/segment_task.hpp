// What sealing and repairing a segment work with: which segment, on whose behalf, and how patiently.
//
// Thread rule: plain values.
#pragma once

#include "host/chain/records.hpp"

#include <outsize/time.hpp>
#include <outsize/wire/types.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace outsize::host {

struct segment_task {
  std::string log;
  segment_id segment;
  offset_t base = wire::first_offset;
  std::vector<std::string> nodeset;
  std::uint32_t replication = 0;
  generation_t generation = 0;            ///< of who seals and repairs
  offset_t known_tail = wire::no_offset;  ///< a global tail that the caller knows of
  std::uint64_t repair_bytes_max = 0;     ///< entries in memory at once, unless one is larger
  std::uint32_t window_entries_max = 512; ///< looked at together; bounds the listing
  duration request_timeout = std::chrono::seconds(10);
  duration pause_min = std::chrono::milliseconds(50);
  duration pause_max = std::chrono::seconds(5);
  std::function<std::uint64_t()> random;
  std::function<time_point()> now;
  std::function<void(int level, const std::string &line)> log_line;
  std::function<void()> changed; ///< something was answered: look again. Called last, so it may destroy the caller

  /// As many servers as every write quorum has a member among: an f-majority.
  [[nodiscard]] std::size_t f_majority() const { return nodeset.size() - replication + 1; }
};

} // namespace outsize::host
