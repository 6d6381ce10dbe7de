#include "host/logserver/read_budget.hpp"

#include <fmt/format.h>

namespace outsize::host {

std::uint64_t read_bytes_max(const memory_budget &memory) {
  return memory.bytes_max() / 4;
}

error no_room_for_read(const memory_budget &memory, std::uint64_t bytes) {
  error full = make_error(code::overloaded,
                          fmt::format("{} of {} bytes of the log server's memory budget are in use, a read of {} waits",
                                      memory.bytes(), memory.bytes_max(), bytes));
  full.actual_bytes = bytes;
  full.limit_bytes = memory.bytes_max();
  return full;
}

} // namespace outsize::host
