// The shared suite for size policies: rules P-01 to P-04 of <outsize/abi/size_policy.h> as Catch2 cases that run
// against the built plugin. A policy takes part with one small file:
//
//   #include <outsize/suite/policy_suite.hpp>
//   OUTSIZE_POLICY_SUITE([] {
//     outsize::suite::policy_factory miser;
//     miser.name = "miser";
//     miser.module_path = MISER_PLUGIN; // the .so, as users get it
//     miser.params = {{"limit", "1MiB"}};
//     miser.examples = {{"payload exactly at the limit", OUTSIZE_PLAN_DECLINE, "",
//                        [](outsize::suite::policy_question &ask) { ask.payload(1 << 20); }}};
//     return miser;
//   }())
//
// linked with outsize::policy-suite and Catch2's main. Cases are named "NAME: case" and tagged [size-policy].
//
// Thread rule: registration happens before main; cases run one at a time.
#pragma once

#include <outsize/suite/policy_question.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace outsize::suite {

/// A question and the plan that this policy must answer with.
struct policy_example {
  std::string name;
  std::uint32_t plan = OUTSIZE_PLAN_DECLINE; ///< OUTSIZE_PLAN_*
  std::string reason;                        ///< must be found in the plan's reason; empty: anything
  std::function<void(policy_question &ask)> set_up;
};

struct policy_factory {
  std::string name;        ///< first word of every case name
  std::string module_path; ///< loaded with dlopen the way a host does it, never unloaded
  std::string component;   ///< config name of the policy inside the module; empty: the first one

  /// Parameters that differ from their defaults, as an operator would write them.
  std::vector<std::pair<std::string, std::string>> params;
  /// Values that create must refuse, each tried alone.
  std::vector<std::pair<std::string, std::string>> bad_params;
  /// Each becomes a case of its own: "NAME: example ...".
  std::vector<policy_example> examples;
};

/// Registers every case for `factory`. Returns true, so that it can initialise a static.
bool register_policy_suite(const policy_factory &factory);

} // namespace outsize::suite

#define OUTSIZE_POLICY_SUITE(...)                                                                                      \
  static const bool outsize_policy_suite_registered = ::outsize::suite::register_policy_suite(__VA_ARGS__)
