// A policy under test and the rules that every one of its plans must keep.
//
// Thread rule: decide from any thread, the rest from one.
#pragma once

#include <outsize/size_policy_handle.hpp>
#include <outsize/suite/loaded_module.hpp>
#include <outsize/suite/policy_suite.hpp>
#include <outsize/suite/test_host.hpp>

#include <cstdint>
#include <memory>
#include <random>
#include <string>

namespace outsize::suite {

/// The component of the factory's module, loaded. Fails the case when there is none.
const outsize_component &policy_component_of(const policy_factory &factory);

/// One instance with the factory's parameters.
class policy_rig {
public:
  explicit policy_rig(const policy_factory &factory);

  /// The plan; an error of the policy fails the case.
  [[nodiscard]] policy_plan decide(const policy_question &ask) const;
  [[nodiscard]] const size_policy_handle &policy() const { return *policy_; }
  /// The function table, for what the handle does not show.
  [[nodiscard]] const outsize_size_policy_api &api() const { return *api_; }

private:
  test_host host_;
  param_set params_;
  const outsize_size_policy_api *api_ = nullptr;
  std::unique_ptr<size_policy_handle> policy_;
};

/// What is wrong with a plan under the rules of the host (P-04), in a sentence; empty when nothing is.
std::string fault_of(const policy_plan &plan, const outsize_policy_input &asked);

/// Sets up any question that a host could ask, extremes of every number included.
void scramble(policy_question &ask, std::mt19937_64 &random);

/// Equal to the last byte.
bool same(const policy_plan &a, const policy_plan &b);

} // namespace outsize::suite
