// Size policies that each break one rule, so that the suite itself is tested: a kit that finds nothing proves nothing.
#include <outsize/size_policy.hpp>

#include <unistd.h>

#include <atomic>
#include <string>

using namespace outsize;

namespace {

/// A policy that is nothing but its decision.
template <policy_plan (*Decide)(const outsize_policy_input &)> class only final : public size_policy {
public:
  static std::span<const outsize_param> params() { return {}; }
  static result<std::unique_ptr<size_policy>> create(const size_policy_setup &) {
    return std::unique_ptr<size_policy>(std::make_unique<only>());
  }
  [[nodiscard]] policy_plan decide(const policy_input &) const override { return policy_plan::decline("not asked"); }

  static std::int32_t decide_raw(const outsize_size_policy *, const outsize_policy_input *input,
                                 outsize_policy_plan *plan, outsize_error *) {
    const std::uint32_t size = plan->struct_size;
    *plan = Decide(*input).raw();
    plan->struct_size = size;
    return 1;
  }
};

/// The usual table, but for decide, which sees the input as it crosses the line.
template <policy_plan (*Decide)(const outsize_policy_input &)> outsize_component component(const char *name) {
  static outsize_size_policy_api api = *size_policy_api<only<Decide>>();
  api.decide = &only<Decide>::decide_raw;
  outsize_component made = size_policy_component<only<Decide>>(name, "breaks one rule");
  made.api = &api;
  return made;
}

policy_plan moody(const outsize_policy_input &) {
  static std::atomic<int> asked = 0;
  return ++asked % 3 == 0 ? policy_plan::reject("every third") : policy_plan::decline("not this one");
}

policy_plan hoarder(const outsize_policy_input &input) {
  const std::string text(100 + input.header_count, 'x');
  return policy_plan::decline(text);
}

policy_plan curious(const outsize_policy_input &) {
  return ::getppid() == 0 ? policy_plan::reject("orphan") : policy_plan::decline("has a parent");
}

policy_plan careless(const outsize_policy_input &input) {
  return policy_plan::split(input.entry_bytes_max); // forgets what a fragment adds to its payload
}

policy_plan mute(const outsize_policy_input &) {
  return policy_plan::reject("");
}

policy_plan fickle(const outsize_policy_input &input) {
  return input.entry_bytes_max > input.entry_bytes ? policy_plan::reject("too roomy") : policy_plan::decline("tight");
}

policy_plan nosy(const outsize_policy_input &input) {
  const_cast<outsize_policy_input &>(input).payload_bytes += 1;
  return policy_plan::decline("changed what it was asked");
}

policy_plan time_traveller(const outsize_policy_input &input) {
  return input.struct_size > sizeof input ? policy_plan::reject("too new") : policy_plan::decline("as expected");
}

policy_plan wasteful(const outsize_policy_input &) {
  return policy_plan::spill("nowhere");
}

} // namespace

OUTSIZE_MODULE("org.example.wrong", "wrong", "Example", "1.0.0", "Apache-2.0", component<&moody>("moody"),
               component<&hoarder>("hoarder"), component<&curious>("curious"), component<&careless>("careless"),
               component<&mute>("mute"), component<&fickle>("fickle"), component<&nosy>("nosy"),
               component<&time_traveller>("time-traveller"), component<&wasteful>("wasteful"))
