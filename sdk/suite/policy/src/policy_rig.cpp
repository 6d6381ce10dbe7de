#include "policy_rig.hpp"

#include <outsize/policy_input.hpp>
#include <outsize/suite/catch.hpp>

#include <array>
#include <cstring>

namespace outsize::suite {

namespace {

std::string fault_of_split(const policy_plan &plan, const outsize_policy_input &asked) {
  const std::uint64_t fragment = plan.fragment_bytes();
  if (fragment == 0) {
    return "split into fragments of no bytes";
  }
  if (asked.entry_bytes_max < asked.fragment_overhead_bytes ||
      fragment > asked.entry_bytes_max - asked.fragment_overhead_bytes) {
    return "split into fragments that do not fit the segment";
  }
  const std::uint64_t fragments = asked.payload_bytes / fragment + (asked.payload_bytes % fragment == 0 ? 0 : 1);
  if (fragments > asked.fragments_max) {
    return "split into more fragments than a set may have";
  }
  return asked.commit_entry_bytes > asked.entry_bytes_max ? "split although the commit entry does not fit" : "";
}

std::string fault_of_spill(const policy_plan &plan, const outsize_policy_input &asked) {
  const auto store = policy_input(asked).blob_store(plan.blob_store());
  if (!store) {
    return "spill to a blob store that is not there";
  }
  if (store->state != OUTSIZE_BLOB_STORE_READY) {
    return "spill to a blob store that is not ready";
  }
  return asked.reference_entry_bytes > asked.entry_bytes_max ? "spill although the reference does not fit" : "";
}

/// Numbers around which mistakes are made.
std::uint64_t any_size(std::mt19937_64 &random) {
  static constexpr std::array<std::uint64_t, 12> edges = {
      0,         1,          4095,       4096,           64U << 10, 1U << 20, (32U << 20) - 1,
      32U << 20, 1ULL << 32, 1ULL << 63, UINT64_MAX - 1, UINT64_MAX};
  switch (random() % 4) {
  case 0:
    return edges[random() % edges.size()];
  case 1:
    return random();
  case 2:
    return random() >> (random() % 64);
  default:
    return random() % (64U << 20);
  }
}

} // namespace

const outsize_component &policy_component_of(const policy_factory &factory) {
  const result<const outsize_module *> module = load_module(factory.module_path);
  if (!module) {
    FAIL(module.error().text);
  }
  const outsize_component *found = find_component(**module, OUTSIZE_SIZE_POLICY_KIND, factory.component);
  REQUIRE(found != nullptr);
  return *found;
}

policy_rig::policy_rig(const policy_factory &factory) {
  const outsize_component &component = policy_component_of(factory);
  result<param_set> params = param_set::make(component, factory.params);
  if (!params) {
    FAIL(params.error().text);
  }
  params_ = *std::move(params);
  api_ = static_cast<const outsize_size_policy_api *>(component.api);
  auto made = size_policy_handle::open(api_, {host_.table(), params_.values()});
  if (!made) {
    FAIL(made.error().text);
  }
  policy_ = *std::move(made);
}

policy_plan policy_rig::decide(const policy_question &ask) const {
  const result<policy_plan> plan = policy_->decide(ask.asked());
  if (!plan) {
    FAIL(plan.error().text);
  }
  return *plan;
}

std::string fault_of(const policy_plan &plan, const outsize_policy_input &asked) {
  if (plan.reason().size() == OUTSIZE_PLAN_REASON_BYTES || plan.blob_store().size() == OUTSIZE_PLAN_STORE_BYTES) {
    return "a text without a zero byte at its end";
  }
  switch (plan.kind()) {
  case OUTSIZE_PLAN_DECLINE:
    return "";
  case OUTSIZE_PLAN_REJECT:
    return plan.reason().empty() ? "reject without a reason" : "";
  case OUTSIZE_PLAN_SPLIT:
    return fault_of_split(plan, asked);
  case OUTSIZE_PLAN_SPILL:
    return fault_of_spill(plan, asked);
  default:
    return "a kind of plan that nobody knows: " + std::to_string(plan.kind());
  }
}

void scramble(policy_question &ask, std::mt19937_64 &random) {
  static constexpr std::array<std::uint32_t, 4> states = {OUTSIZE_BLOB_STORE_READY, OUTSIZE_BLOB_STORE_UNAVAILABLE,
                                                          OUTSIZE_BLOB_STORE_FULL, OUTSIZE_BLOB_STORE_FOREIGN};
  ask.segment_limit(any_size(random)).payload(any_size(random));
  ask.log(random() % 2 == 0 ? "orders" : "").producer(random() % 2 == 0 ? "p1" : "");
  if (random() % 2 == 0) {
    ask.key(std::string(random() % 32, 'k'));
  }
  for (std::uint64_t i = random() % 3; i > 0; --i) {
    ask.header(std::string(random() % 8, 'h'), std::string(random() % 8, '\xff'));
  }
  for (std::uint64_t i = random() % 3; i > 0; --i) {
    ask.blob_store("store-" + std::to_string(i), states[random() % states.size()], any_size(random));
  }
  outsize_policy_input &input = ask.input();
  input.policy_limit_bytes = random() % 2 == 0 ? input.segment_limit_bytes : any_size(random);
  input.fragment_overhead_bytes = random() % 2 == 0 ? 128 : any_size(random);
  input.commit_entry_bytes = random() % 2 == 0 ? 512 : any_size(random);
  input.reference_entry_bytes = random() % 2 == 0 ? 640 : any_size(random);
  input.fragments_max = random() % 2 == 0 ? 65536 : any_size(random);
  input.plans_failed = static_cast<std::uint32_t>(random() % 3);
  input.last_failed_plan = input.plans_failed == 0 ? 0 : static_cast<std::uint32_t>(random() % 4);
  input.last_failed_code = input.plans_failed == 0 ? 0 : static_cast<std::uint32_t>(random() % 64);
  input.open_sets = static_cast<std::uint32_t>(any_size(random));
  for (std::uint64_t *recent :
       {&input.log_split_bytes_minute, &input.log_split_bytes_hour, &input.log_spilled_bytes_minute,
        &input.log_spilled_bytes_hour, &input.producer_split_bytes_minute, &input.producer_split_bytes_hour,
        &input.producer_spilled_bytes_minute, &input.producer_spilled_bytes_hour}) {
    *recent = random() % 2 == 0 ? 0 : any_size(random);
  }
}

bool same(const policy_plan &a, const policy_plan &b) {
  return std::memcmp(&a.raw(), &b.raw(), sizeof(outsize_policy_plan)) == 0;
}

} // namespace outsize::suite
