// What a process offers to the plugins it loads: its log, the steady clock, the kernel's random numbers, and the hub at
// which in-memory transports meet.
//
// Thread rule: made on one thread before any plugin is opened; `log` is called from any thread afterwards. Outlives
// every instance of a plugin.
#pragma once

#include "host/plugin/host_table.hpp"

#include <outsize/inmemory_hub.hpp>

#include <cstdint>
#include <functional>
#include <string>

namespace outsize::host {

/// 64 bits from the kernel. Any thread.
std::uint64_t random_bits();

/// Milliseconds since 1970, for timestamps that decide nothing. Any thread.
std::uint64_t wall_clock_ms();

class runtime {
public:
  /// `level` is one of OUTSIZE_LOG_*.
  using log_line = std::function<void(int level, const std::string &line)>;

  explicit runtime(log_line log);

  [[nodiscard]] const outsize_host *table() const { return table_.table(); }

private:
  inmemory_hub hub_;
  host_table table_;
};

} // namespace outsize::host
