// How often the nodes are killed, from which seed, and what a run that was cut off has done already.
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace outsize::faults {

/// Kills of one cluster, from its first start on.
struct kill_set {
  std::uint64_t number = 0;
  std::uint64_t seed = 0;
  std::uint32_t rounds = 0;
};

class kill_plan {
public:
  /// From the environment (kill_all_test.cpp). Says on stdout what it plans, with the seed.
  explicit kill_plan(const std::string &name);

  /// Nothing when all is done.
  [[nodiscard]] std::optional<kill_set> next() const;
  void is_done(const kill_set &what);

private:
  void say() const;
  void keep() const;

  std::string name_;
  std::string place_file_; ///< empty: the place is not kept
  std::uint64_t seed_ = 0;
  std::uint64_t rounds_ = 0;
  std::uint64_t sets_done_ = 0;
};

} // namespace outsize::faults
