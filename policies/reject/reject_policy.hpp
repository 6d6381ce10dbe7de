// The size policy `reject`: says no to what does not fit, and, with a limit of its own, to less than that.
//
// Thread rule: create on one thread; decide on any, at any time.
#pragma once

#include <outsize/size_policy.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace outsize::policies {

class reject_policy final : public size_policy {
public:
  struct settings {
    std::uint64_t payload_bytes_max = 0; ///< 0: only what the log's limits refuse
    std::uint64_t warn_above_bytes = 0;  ///< 0: never warn
    std::string reason;                  ///< the operator's own words, added to every refusal
  };

  static std::span<const outsize_param> params();
  static result<std::unique_ptr<size_policy>> create(const size_policy_setup &setup);

  explicit reject_policy(settings how) : how_(std::move(how)) {}

  /// Rejects an entry above the smaller of segment and policy limit and a payload above the limit set here; declines
  /// everything else, so that the next policy of the chain is asked.
  [[nodiscard]] policy_plan decide(const policy_input &input) const override;

private:
  [[nodiscard]] policy_plan plan_for(const policy_input &input) const;
  [[nodiscard]] policy_plan refuse(std::string_view what, std::uint64_t actual_bytes, std::string_view whose,
                                   std::uint64_t limit_bytes) const;
  settings how_;
};

} // namespace outsize::policies
