#include "runtime.hpp"

#include <fmt/format.h>

#include <sys/random.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <utility>

namespace outsize::host {
namespace {

host_table::sources sources_of(runtime::log_line log) {
  host_table::sources made;
  made.log = [log = std::move(log)](std::uint32_t level, std::string_view component, std::string_view text) {
    log(static_cast<int>(level), fmt::format("plugin={} {}", component, text));
  };
  made.now = &steady_now;
  made.random = &random_bits;
  return made;
}

} // namespace

std::uint64_t random_bits() {
  std::uint64_t bits = 0;
  ssize_t count = 0;
  do {
    count = ::getrandom(&bits, sizeof bits, 0);
  } while (count < 0 && errno == EINTR);
  if (count != sizeof bits) {
    std::abort(); // a kernel without random numbers: nothing that is unique could be made
  }
  return bits;
}

std::uint64_t wall_clock_ms() {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count());
}

runtime::runtime(log_line log) : table_(sources_of(std::move(log))) {
  table_.offer(OUTSIZE_INMEMORY_HUB, hub_.table());
}

} // namespace outsize::host
