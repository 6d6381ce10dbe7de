// How many bytes a log and its producers had split and spilled lately: what quotas of size policies go by.
//
// Thread rule: one thread.
#pragma once

#include "host/admission/admission.hpp"

#include <outsize/time.hpp>
#include <outsize/wire/messages.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace outsize::host {

/// The sum of what was added within the last 60 slots of time, the present one included.
class recent_sum {
public:
  explicit recent_sum(duration slot) : slot_(slot) {}

  void add(std::uint64_t bytes, time_point now);
  [[nodiscard]] std::uint64_t at(time_point now) const;

private:
  static constexpr std::int64_t slots = 60;
  [[nodiscard]] std::int64_t number_of(time_point now) const { return now.time_since_epoch() / slot_; }

  duration slot_;
  std::array<std::uint64_t, slots> bytes_{};
  std::array<std::int64_t, slots> numbers_{}; ///< which slot of time each place holds
};

class plan_usage {
public:
  /// A record of `producer` (empty: one without a name) goes into fragments or a blob store.
  void add(wire::stored_as how, const std::string &producer, std::uint64_t bytes, time_point now);
  /// Fills in what is known of the log and of this producer.
  void describe(const std::string &producer, time_point now, policy_snapshot &into) const;

private:
  struct sums {
    recent_sum minute{std::chrono::seconds(1)};
    recent_sum hour{std::chrono::minutes(1)};
    void add(std::uint64_t bytes, time_point now);
    [[nodiscard]] bytes_recently at(time_point now) const { return {minute.at(now), hour.at(now)}; }
  };
  struct both {
    sums split;
    sums spilled;
  };
  /// Above it, producers without bytes in the last hour are forgotten.
  static constexpr std::size_t producers_max = 4096;

  both log_;
  std::unordered_map<std::string, both> producers_;
};

} // namespace outsize::host
