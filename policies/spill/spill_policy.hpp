// The size policy `spill`: the payload goes to a blob store, a reference to it into the log.
//
// Thread rule: create on one thread; decide on any, at any time.
#pragma once

#include "../common/quotas.hpp"

#include <outsize/size_policy.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace outsize::policies {

class spill_policy final : public size_policy {
public:
  struct settings {
    std::string blob_store;              ///< configured name
    std::uint64_t payload_bytes_max = 0; ///< 0: any
    std::uint64_t attempts = 1;          ///< plans of one append that may fail before it is left to the next policy
    quotas recent;
  };

  static std::span<const outsize_param> params();
  static result<std::unique_ptr<size_policy>> create(const size_policy_setup &setup);

  explicit spill_policy(settings how) : how_(std::move(how)) {}

  /// Spills what its store can take; declines everything else, so that the next policy of the chain is asked. Never
  /// rejects.
  [[nodiscard]] policy_plan decide(const policy_input &input) const override;

private:
  /// Each says why the record has to stay out; nothing when it may go.
  [[nodiscard]] std::optional<plan_text> fault_of_size(const policy_input &input) const;
  [[nodiscard]] std::optional<plan_text> fault_of_store(const policy_input &input) const;
  [[nodiscard]] std::optional<plan_text> fault_of_history(const policy_input &input) const;
  settings how_;
};

} // namespace outsize::policies
