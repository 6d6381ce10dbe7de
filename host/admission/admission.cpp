#include "host/admission/admission.hpp"

#include "host/admission/plan_check.hpp"
#include "host/admission/policy_question.hpp"
#include "host/admission/refusals.hpp"

#include <outsize/policy_plan.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace outsize::host {
namespace {

using outcome = std::variant<pass, split_plan, spill_plan, wire::refusal>;

struct admission_case {
  const record_facts &record;
  const log_limits &limits;
  const policy_snapshot &snapshot;
};

/// Above this size of message the policy is asked.
std::uint64_t threshold_of(const chained_policy &policy, std::uint64_t policy_limit) {
  return policy.applies_above == 0 ? policy_limit : std::min(policy.applies_above, policy_limit);
}

std::uint64_t threshold_of(const std::vector<chained_policy> &chain, std::uint64_t policy_limit) {
  std::uint64_t smallest = policy_limit;
  for (const chained_policy &policy : chain) {
    smallest = std::min(smallest, threshold_of(policy, policy_limit));
  }
  return smallest;
}

std::optional<wire::refusal> fault_of_fields(const record_facts &record, const log_limits &limits) {
  const std::uint64_t actual = record.record_header_bytes;
  const std::uint64_t quarter = limits.policy_limit_bytes() / 4;
  const std::uint64_t limit = std::min(wire::record_fields_bytes_max, quarter);
  if (actual <= limit) {
    return std::nullopt;
  }
  const bool fixed = limit == wire::record_fields_bytes_max;
  return header_refusal(record, limits, actual, limit,
                        fixed ? "host" : fmt::format("a quarter of the limit of {}", limits.limit_source()));
}

outcome misbehaved(const admission_case &about, const chained_policy &policy, const std::string &what, verdict &into) {
  into.misbehaviour.push_back(fmt::format("size policy misbehaves: policy={} log={} payload_bytes={} fault=\"{}\"",
                                          policy.name, about.limits.log, about.record.payload_bytes, what));
  return misbehaved_refusal(about.record, about.limits, policy.name, what);
}

/// There is nothing to split or spill; key and headers alone fit, which was checked before.
bool has_no_payload(const admission_case &about) {
  return about.record.payload_bytes == 0;
}

outcome checked_split(const admission_case &about, const chained_policy &policy, const policy_plan &plan,
                      verdict &into) {
  if (has_no_payload(about)) {
    return pass{};
  }
  if (const auto fault = fault_of_split(about.record, about.limits, plan.fragment_bytes())) {
    return misbehaved(about, policy, *fault, into);
  }
  return split_plan{plan.fragment_bytes()};
}

outcome checked_spill(const admission_case &about, const chained_policy &policy, const policy_plan &plan,
                      verdict &into) {
  if (has_no_payload(about)) {
    return pass{};
  }
  if (const auto fault = fault_of_spill(about.record, about.limits, about.snapshot, plan.blob_store())) {
    return misbehaved(about, policy, *fault, into);
  }
  return spill_plan{std::string(plan.blob_store())};
}

std::string_view name_of_plan(std::uint32_t kind) {
  switch (kind) {
  case OUTSIZE_PLAN_DECLINE:
    return "decline";
  case OUTSIZE_PLAN_REJECT:
    return "reject";
  case OUTSIZE_PLAN_SPLIT:
    return "split";
  case OUTSIZE_PLAN_SPILL:
    return "spill";
  default:
    return "error";
  }
}

/// What the plan comes to; nothing when it declines.
std::optional<outcome> checked(const admission_case &about, const chained_policy &policy, const policy_plan &plan,
                               verdict &into) {
  switch (plan.kind()) {
  case OUTSIZE_PLAN_DECLINE:
    return std::nullopt;
  case OUTSIZE_PLAN_REJECT:
    return rejected_refusal(about.record, about.limits, policy.name, std::string(plan.reason()), into.trace);
  case OUTSIZE_PLAN_SPLIT:
    return checked_split(about, policy, plan, into);
  case OUTSIZE_PLAN_SPILL:
    return checked_spill(about, policy, plan, into);
  default:
    return misbehaved(about, policy, fmt::format("unknown plan kind {}", plan.kind()), into);
  }
}

/// Asks one policy. Nothing when it declines.
std::optional<outcome> ask(const admission_case &about, const chained_policy &policy, const policy_question &question,
                           verdict &into) {
  outsize_policy_plan raw{};
  raw.struct_size = sizeof raw;
  if (const result<void> asked = policy.decide(question.input(), raw); !asked) {
    into.trace.push_back({policy.name, "error", asked.error().text});
    return misbehaved(about, policy, fmt::format("{}: {}", name_of(asked.error().code), asked.error().text), into);
  }
  const policy_plan plan(raw);
  into.trace.push_back({policy.name, std::string(name_of_plan(plan.kind())), std::string(plan.reason())});
  into.warn = into.warn || plan.warns();
  return checked(about, policy, plan, into);
}

outcome decide(const admission_case &about, const std::vector<chained_policy> &chain, std::uint64_t message_bytes,
               verdict &into) {
  const std::uint64_t policy_limit = about.limits.policy_limit_bytes();
  const policy_question question(about.record, about.limits, about.snapshot);
  for (const chained_policy &policy : chain) {
    if (message_bytes <= threshold_of(policy, policy_limit)) {
      continue;
    }
    if (std::optional<outcome> decided = ask(about, policy, question, into)) {
      return *std::move(decided);
    }
  }
  if (message_bytes <= policy_limit) {
    return pass{};
  }
  return too_large_refusal(about.record, about.limits, into.trace);
}

std::uint64_t record_bytes_of(const record_facts &record) {
  const std::uint64_t room = UINT64_MAX - record.record_header_bytes;
  return record.payload_bytes > room ? UINT64_MAX : record.record_header_bytes + record.payload_bytes;
}

} // namespace

std::uint64_t log_limits::policy_limit_bytes() const {
  return own_limit_bytes == 0 ? segment_limit_bytes : std::min(own_limit_bytes, segment_limit_bytes);
}

std::uint64_t log_limits::payload_bytes_max() const {
  constexpr std::uint64_t empty_record_header_bytes = wire::size_of::map;
  const std::uint64_t limit = policy_limit_bytes();
  return limit == 0 ? 0 : wire::record_bytes_max(limit) - empty_record_header_bytes;
}

std::string log_limits::limit_source() const {
  return policy_limit_bytes() < segment_limit_bytes ? "log " + log : "peer " + segment_limit_owner;
}

bool is_put_to_policies(const record_facts &record, const log_limits &limits,
                        const std::vector<chained_policy> &chain) {
  return message_bytes_of(record_bytes_of(record)) > threshold_of(chain, limits.policy_limit_bytes());
}

verdict admit(const record_facts &record, const log_limits &limits, const std::vector<chained_policy> &chain,
              const policy_snapshot &snapshot) {
  verdict made;
  if (std::optional<wire::refusal> refused = fault_of_fields(record, limits)) {
    made.what = *std::move(refused);
    return made;
  }
  if (!is_put_to_policies(record, limits, chain)) {
    return made;
  }
  made.what = decide({record, limits, snapshot}, chain, message_bytes_of(record_bytes_of(record)), made);
  if (auto *refused = std::get_if<wire::refusal>(&made.what)) {
    refused->policy_trace = made.trace;
  }
  return made;
}

} // namespace outsize::host
