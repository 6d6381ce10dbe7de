#include "host/sequencer/plan_usage.hpp"

#include <algorithm>

namespace outsize::host {

void recent_sum::add(std::uint64_t bytes, time_point now) {
  const std::int64_t number = number_of(now);
  const auto place = static_cast<std::size_t>(number % slots);
  if (numbers_[place] != number) {
    numbers_[place] = number;
    bytes_[place] = 0;
  }
  bytes_[place] += bytes;
}

std::uint64_t recent_sum::at(time_point now) const {
  const std::int64_t number = number_of(now);
  std::uint64_t sum = 0;
  for (std::size_t place = 0; place < bytes_.size(); ++place) {
    sum += numbers_[place] > number - slots ? bytes_[place] : 0;
  }
  return sum;
}

void plan_usage::sums::add(std::uint64_t bytes, time_point now) {
  minute.add(bytes, now);
  hour.add(bytes, now);
}

void plan_usage::add(wire::stored_as how, const std::string &producer, std::uint64_t bytes, time_point now) {
  if (producers_.size() >= producers_max && !producers_.contains(producer)) {
    std::erase_if(producers_, [now](const auto &one) {
      return one.second.split.hour.at(now) == 0 && one.second.spilled.hour.at(now) == 0;
    });
  }
  for (both *whose : {&log_, &producers_[producer]}) {
    (how == wire::stored_as::split ? whose->split : whose->spilled).add(bytes, now);
  }
}

void plan_usage::describe(const std::string &producer, time_point now, policy_snapshot &into) const {
  into.log_split = log_.split.at(now);
  into.log_spilled = log_.spilled.at(now);
  if (const auto found = producers_.find(producer); found != producers_.end()) {
    into.producer_split = found->second.split.at(now);
    into.producer_spilled = found->second.spilled.at(now);
  }
}

} // namespace outsize::host
