#include "host/sequencer/spread.hpp"

#include <algorithm>

namespace outsize::host {

/// Puts members of `among` that are not in `into` yet there, by preference, up to `wanted`; how many are still missing.
std::size_t spread::take(const std::vector<bool> &among, std::size_t wanted, std::vector<bool> &into) const {
  for (const std::size_t member : order_) {
    if (wanted > 0 && among[member] && !into[member]) {
      into[member] = true;
      --wanted;
    }
  }
  return wanted;
}

void spread::choose(const std::vector<spread_candidate> &candidates) {
  std::vector<bool> usable(candidates.size());
  std::vector<bool> good(candidates.size());
  std::vector<bool> kept(candidates.size());
  for (std::size_t member = 0; member < candidates.size(); ++member) {
    usable[member] = candidates[member].usable;
    good[member] = candidates[member].healthy && !slow_[member];
    kept[member] = good[member] && chosen_[member];
  }
  if (rule_ == spread_rule::all) {
    chosen_ = std::move(usable);
    return;
  }
  std::vector<bool> next(candidates.size());
  std::size_t missing = take(kept, replication_, next);
  missing = take(good, missing, next);
  // Fewer good ones than must hold each entry: whoever may come back is tried as well.
  take(usable, missing == 0 ? 0 : candidates.size(), next);
  chosen_ = std::move(next);
}

} // namespace outsize::host
