// Writing a size policy: derive from outsize::size_policy, export with size_policy_component. The contract, rule by
// rule, is in <outsize/abi/size_policy.h>; this layer only takes the C out of it.
//
// A class T needs
//   static std::span<const outsize_param> params();               // may be empty
//   static outsize::result<std::unique_ptr<outsize::size_policy>> create(const outsize::size_policy_setup &);
#pragma once

#include <outsize/abi/size_policy.h>
#include <outsize/host.hpp>
#include <outsize/module.hpp>
#include <outsize/params.hpp>
#include <outsize/policy_input.hpp>
#include <outsize/policy_plan.hpp>
#include <outsize/result.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>

namespace outsize {

/// What create gets. `params` is borrowed for the call; `host` may be copied and kept.
struct size_policy_setup {
  host_services host;
  param_view params;
};

/// A size policy, as its author writes it. One instance is shared by all threads: decide must not change it.
class size_policy {
public:
  size_policy() = default;
  size_policy(const size_policy &) = delete;
  size_policy &operator=(const size_policy &) = delete;
  virtual ~size_policy() = default;

  /// A pure function of `input` and the parameters (rule P-01): no clock, no randomness, no I/O, no allocation, no
  /// lock. [any]
  [[nodiscard]] virtual policy_plan decide(const policy_input &input) const = 0;
};

namespace detail {

template <class T> std::int32_t size_policy_create(const outsize_size_policy_open *open, outsize_size_policy **out,
                                                   outsize_error *error) noexcept {
  return guarded(error, [&]() -> std::int32_t {
    const size_policy_setup setup{host_services(open->host), param_view(open->params, open->param_count)};
    result<std::unique_ptr<size_policy>> made = T::create(setup);
    if (!made) {
      to_abi(made.error(), error);
      return 0;
    }
    *out = reinterpret_cast<outsize_size_policy *>(made.value().release());
    return 1;
  });
}

inline std::int32_t size_policy_decide(const outsize_size_policy *self, const outsize_policy_input *input,
                                       outsize_policy_plan *plan, outsize_error *error) noexcept {
  return guarded(error, [&]() -> std::int32_t {
    outsize_policy_plan made = reinterpret_cast<const size_policy *>(self)->decide(policy_input(*input)).raw();
    // The host's storage may be older or newer than ours: what both know is copied, its size stays.
    made.struct_size = plan->struct_size;
    std::memcpy(plan, &made, std::min<std::size_t>(plan->struct_size, sizeof made));
    return 1;
  });
}

inline void size_policy_destroy(outsize_size_policy *self) noexcept {
  delete reinterpret_cast<size_policy *>(self);
}

} // namespace detail

/// The function table of size policy class T; static.
template <class T> const outsize_size_policy_api *size_policy_api() {
  static const outsize_size_policy_api api = {sizeof(outsize_size_policy_api), 0, &detail::size_policy_create<T>,
                                              &detail::size_policy_decide, &detail::size_policy_destroy};
  return &api;
}

template <class T> outsize_component size_policy_component(const char *name, const char *documentation) {
  return detail::component(OUTSIZE_SIZE_POLICY_KIND, name, documentation, size_policy_api<T>(), T::params());
}

} // namespace outsize
