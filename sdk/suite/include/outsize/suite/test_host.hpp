// A host for one test case: a steady clock, seeded random bits, a log that is kept, and a hub for in-memory
// transports.
//
// Thread rule: any thread, as the ABI asks of a host.
#pragma once

#include <outsize/abi/host.h>
#include <outsize/inmemory_hub.hpp>

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace outsize::suite {

struct log_line {
  std::uint32_t level;
  std::string component;
  std::string text;
};

class test_host {
public:
  explicit test_host(std::uint64_t seed = 1);
  test_host(const test_host &) = delete;
  test_host &operator=(const test_host &) = delete;

  /// Lives as long as this object.
  [[nodiscard]] const outsize_host *table() const { return &table_; }

  /// Everything logged so far, in order.
  [[nodiscard]] std::vector<log_line> log() const;
  [[nodiscard]] bool logged(const std::string &text) const;

private:
  static void write_log(void *context, std::uint32_t level, const char *component, const char *text);
  static std::uint64_t now_ns(void *context);
  static std::uint64_t random(void *context);
  static const void *get_service(void *context, const char *id);

  mutable std::mutex mutex_;
  std::vector<log_line> lines_; // guarded by mutex_
  std::uint64_t random_state_;  // guarded by mutex_
  inmemory_hub hub_;
  const outsize_host table_;
};

} // namespace outsize::suite
