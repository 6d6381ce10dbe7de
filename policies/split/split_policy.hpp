// The size policy `split`: cuts a record into fragments that fit every node of its log.
//
// Thread rule: create on one thread; decide on any, at any time.
#pragma once

#include "../common/quotas.hpp"

#include <outsize/size_policy.hpp>

#include <cstdint>
#include <memory>
#include <span>

namespace outsize::policies {

class split_policy final : public size_policy {
public:
  struct settings {
    std::uint64_t fragment_bytes = 0;    ///< payload of each fragment but the last; smaller where a message takes less
    std::uint64_t payload_bytes_max = 0; ///< 0: any
    quotas recent;
  };

  static std::span<const outsize_param> params();
  static result<std::unique_ptr<size_policy>> create(const size_policy_setup &setup);

  explicit split_policy(settings how) : how_(how) {}

  /// Splits what may be split; declines everything else, so that the next policy of the chain is asked. Never rejects.
  [[nodiscard]] policy_plan decide(const policy_input &input) const override;

private:
  [[nodiscard]] policy_plan cut(const policy_input &input, std::uint64_t fragment_bytes) const;
  settings how_;
};

} // namespace outsize::policies
