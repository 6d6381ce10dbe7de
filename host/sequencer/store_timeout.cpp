#include "host/sequencer/store_timeout.hpp"

#include <algorithm>

namespace outsize::host {

void store_timeout::on_answer(duration taken) {
  recent_[count_ % window] = taken;
  ++count_;
  // A percentile is worth a sort only now and then; a new slowest answer counts at once.
  if (count_ > window / 8 && count_ % (window / 8) != 0) {
    percentile_99_ = std::max(percentile_99_, taken);
    return;
  }
  const std::size_t known = std::min(count_, window);
  std::array<duration, window> sorted = recent_;
  const std::size_t place = (known * 99) / 100;
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(place),
                   sorted.begin() + static_cast<std::ptrdiff_t>(known));
  percentile_99_ = sorted[place];
}

duration store_timeout::next(std::uint32_t failures, std::uint64_t bytes) const {
  constexpr std::uint32_t doublings_max = 10;
  const duration usual = count_ == 0 ? first : 2 * percentile_99_;
  const duration transfer{bytes * (std::uint64_t{1'000'000'000} / wire::mib) / (slowest_bytes_per_second / wire::mib)};
  const duration doubled = std::max(usual, min_) * (1U << std::min(failures, doublings_max));
  return std::clamp(doubled + transfer, min_, max_);
}

} // namespace outsize::host
