// Using a size policy: one instance behind a C++ face, for hosts and test suites.
//
// Thread rule: decide from any thread, at any time; open and the destructor from one thread, with no decide running.
#pragma once

#include <outsize/abi/size_policy.h>
#include <outsize/policy_plan.hpp>
#include <outsize/result.hpp>

#include <cstdint>
#include <memory>
#include <span>

namespace outsize {

class size_policy_handle {
public:
  struct options {
    const outsize_host *host = nullptr; ///< outlives the handle
    std::span<const outsize_param_value> params;
  };

  /// Makes an instance of `api`, which outlives the handle.
  static result<std::unique_ptr<size_policy_handle>> open(const outsize_size_policy_api *api, const options &how) {
    std::unique_ptr<size_policy_handle> made(new size_policy_handle(api));
    outsize_size_policy_open open{};
    open.struct_size = sizeof open;
    open.param_count = static_cast<std::uint32_t>(how.params.size());
    open.host = how.host;
    open.params = how.params.data();
    outsize_error why = empty_abi_error();
    if (api->create(&open, &made->self_, &why) == 0) {
      made->self_ = nullptr;
      return from_abi(why);
    }
    return made;
  }

  size_policy_handle(const size_policy_handle &) = delete;
  size_policy_handle &operator=(const size_policy_handle &) = delete;
  ~size_policy_handle() {
    if (self_ != nullptr) {
      api_->destroy(self_);
    }
  }

  /// The plan for one record, unchecked (rule P-04 is the host's). `input` has struct_size set. An error is the
  /// policy's own failure, to be treated as a refusal.
  [[nodiscard]] result<policy_plan> decide(const outsize_policy_input &input) const {
    outsize_policy_plan plan{};
    plan.struct_size = sizeof plan;
    outsize_error why = empty_abi_error();
    if (api_->decide(self_, &input, &plan, &why) == 0) {
      return from_abi(why);
    }
    return policy_plan(plan);
  }

private:
  explicit size_policy_handle(const outsize_size_policy_api *api) : api_(api) {}

  const outsize_size_policy_api *api_;
  outsize_size_policy *self_ = nullptr;
};

} // namespace outsize
