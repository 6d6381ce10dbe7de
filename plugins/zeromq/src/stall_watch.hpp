// Finds the sender that stopped in the middle of a large message while others wait for the memory it has reserved.
//
// Thread rule: the host's thread.
#pragma once

#include "budget.hpp"

#include <outsize/time.hpp>

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

namespace outsize::zeromq {

class stall_watch {
public:
  explicit stall_watch(duration timeout) : timeout_(timeout) {}

  /// `progress` tells how many bytes a link has received. Returns the holders that brought less than stall_bytes_min
  /// within the timeout, and their time begins anew. Nobody is timed while nobody waits.
  std::vector<outsize_link> look(const budget &memory, const std::function<std::uint64_t(outsize_link)> &progress,
                                 time_point now);
  [[nodiscard]] time_point next() const { return next_; }

private:
  struct mark {
    std::uint64_t bytes;
    time_point since;
  };
  const duration timeout_;
  std::unordered_map<outsize_link, mark> marks_;
  time_point next_ = never;
};

} // namespace outsize::zeromq
