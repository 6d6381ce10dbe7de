// Who may have how many bytes admitted and not yet committed: one bound for the log, one for each producer, so that
// neither a fast producer nor a stuck log fills the memory. Whoever is over is answered at once and comes again later.
//
// Thread rule: one thread.
#pragma once

#include <outsize/result.hpp>

#include <cstdint>
#include <string>
#include <unordered_map>

namespace outsize::host {

class credits {
public:
  credits(std::uint64_t log_bytes_max, std::uint64_t producer_bytes_max)
      : log_bytes_max_(log_bytes_max), producer_bytes_max_(producer_bytes_max) {}

  /// Takes `bytes` for `producer`, or answers overloaded, naming the bound and its setting. Whoever has nothing in
  /// flight may take one record of any size: a bound smaller than a legal record must not refuse it for ever.
  result<void> take(const std::string &producer, std::uint64_t bytes);
  void give_back(const std::string &producer, std::uint64_t bytes);

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

private:
  std::uint64_t log_bytes_max_;
  std::uint64_t producer_bytes_max_;
  std::uint64_t bytes_ = 0;
  std::unordered_map<std::string, std::uint64_t> by_producer_; ///< only who has bytes in flight
};

} // namespace outsize::host
