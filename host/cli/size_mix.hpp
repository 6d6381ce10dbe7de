// A mix of record sizes: "1KiB", or "1KiB:90,1MiB:9,4MiB:1" with weights.
//
// Thread rule: plain values.
#pragma once

#include <outsize/result.hpp>

#include <cstdint>
#include <string_view>
#include <vector>

namespace outsize::host {

struct weighted_size {
  std::uint64_t bytes = 0;
  std::uint64_t weight = 1;
  bool operator==(const weighted_size &) const = default;
};

class size_mix {
public:
  size_mix() = default;
  /// Error: invalid_argument, quoting the part that is wrong.
  static result<size_mix> parse(std::string_view text);

  /// The size that these random bits choose.
  [[nodiscard]] std::uint64_t pick(std::uint64_t random) const;
  [[nodiscard]] std::uint64_t largest() const;
  [[nodiscard]] const std::vector<weighted_size> &sizes() const { return sizes_; }

private:
  std::vector<weighted_size> sizes_{{1024, 1}};
  std::uint64_t weights_ = 1; ///< their sum
};

} // namespace outsize::host
