// What this host offers to its plugins: log, clock, random numbers and services, as an outsize_host.
//
// Thread rule: made and given its services on one thread before any plugin is opened; the functions behind it are
// called from any thread afterwards, so what is passed in has to bear that. Outlives every instance that was given it.
#pragma once

#include <outsize/abi/host.h>
#include <outsize/time.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace outsize::host {

class host_table {
public:
  struct sources {
    /// One line for the node's log; `level` is one of OUTSIZE_LOG_*.
    std::function<void(std::uint32_t level, std::string_view component, std::string_view text)> log;
    std::function<time_point()> now;
    std::function<std::uint64_t()> random;
  };

  explicit host_table(sources from);
  host_table(const host_table &) = delete;
  host_table &operator=(const host_table &) = delete;

  /// Makes `service` findable under `id`, for instance OUTSIZE_INMEMORY_HUB. It outlives this table.
  void offer(const std::string &id, const void *service);

  [[nodiscard]] const outsize_host *table() const { return &table_; }

private:
  static void log(void *context, std::uint32_t level, const char *component, const char *text);
  static std::uint64_t now_ns(void *context);
  static std::uint64_t random(void *context);
  static const void *get_service(void *context, const char *id);

  sources from_;
  std::map<std::string, const void *, std::less<>> services_;
  outsize_host table_{};
};

} // namespace outsize::host
