// Latencies of many operations, kept exactly: a bench of some minutes is a few million numbers.
//
// Thread rule: one thread.
#pragma once

#include <outsize/time.hpp>

#include <cstdint>
#include <vector>

namespace outsize::host {

class latencies {
public:
  void add(duration one) { all_.push_back(one); }
  [[nodiscard]] std::uint64_t count() const { return all_.size(); }
  /// The smallest value that `share` (0 to 1) of all are at or below; zero without any. Sorts.
  [[nodiscard]] duration at(double share);

private:
  std::vector<duration> all_;
};

} // namespace outsize::host
