// How many bytes may go one way, split or spill, within a minute and an hour: of a log, and of a producer in it.
//
// Thread rule: plain values; distinct objects may be used from any thread.
#pragma once

#include <outsize/params.hpp>
#include <outsize/policy_input.hpp>
#include <outsize/policy_plan.hpp>

#include <array>
#include <cstdint>
#include <optional>

namespace outsize::policies {

/// Rows for the parameter table of a policy that has quotas; 0B is none.
inline constexpr std::array quota_params = {
    param::bytes("log-bytes-per-minute", "0B", "Bytes that this policy takes from one log within a minute; 0B: any.", 0,
                 0),
    param::bytes("log-bytes-per-hour", "0B", "Bytes that this policy takes from one log within an hour; 0B: any.", 0,
                 0),
    param::bytes("producer-bytes-per-minute", "0B",
                 "Bytes that this policy takes from one producer of a log within a minute; 0B: any.", 0, 0),
    param::bytes("producer-bytes-per-hour", "0B",
                 "Bytes that this policy takes from one producer of a log within an hour; 0B: any.", 0, 0),
};

class quotas {
public:
  quotas() = default;
  explicit quotas(const param_view &params);

  /// Why a payload of that size has to stay out, given what went this way lately; nothing when it may go. A quota that
  /// is met exactly is not overrun.
  [[nodiscard]] std::optional<plan_text> overrun(std::uint64_t payload_bytes, const recent_bytes &of_log,
                                                 const recent_bytes &of_producer) const;

private:
  std::array<std::uint64_t, quota_params.size()> bytes_max_{}; // in the order of quota_params; 0: any
};

} // namespace outsize::policies
