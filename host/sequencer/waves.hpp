// Waves: each is one attempt to bring a batch to a write quorum. What counts as the end of one, what an operator is
// told about it, and how many there were, for which reasons.
//
// Thread rule: plain values and pure functions.
#pragma once

#include "host/sequencer/batch.hpp"
#include "host/sequencer/replica.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace outsize::host {

struct wave_counters {
  std::uint64_t stores_sent = 0;
  std::uint64_t waves = 0;
  std::map<std::string, std::uint64_t> bytes_resent;  ///< by node: what it was sent more than once
  std::map<std::string, std::uint64_t> waves_retried; ///< by the name of the code that failed last
};

/// The wave of `what` has failed: some store failed, none is under way, none is about to be sent (`pending`: a server
/// that has not got it yet and is answering), and there is no write quorum.
bool wave_has_failed(const batch &what, std::size_t replication, bool pending);

/// Ends the wave. The next store of the batch begins another.
void end_wave(batch &what);
/// A store of the batch is about to be sent: a new wave when the last one is over.
void begin_wave_if_over(batch &what, wave_counters &counters);

/// "n1 timed_out (2 tries), n2 stored, n3 no link": the batch at each server. `what` may be null: servers only.
std::string describe_deliveries(const batch *what, const std::vector<replica> &servers);

/// The line of a failed wave. `behind` batches wait for this one.
std::string failed_wave_line(const std::string &log, const batch &what, const std::vector<replica> &servers,
                             std::size_t behind);

} // namespace outsize::host
