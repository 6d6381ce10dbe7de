#include "latencies.hpp"

#include <algorithm>
#include <cmath>

namespace outsize::host {

duration latencies::at(double share) {
  if (all_.empty()) {
    return {};
  }
  std::ranges::sort(all_);
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(all_.size())));
  return all_[std::clamp<std::size_t>(rank, 1, all_.size()) - 1];
}

} // namespace outsize::host
