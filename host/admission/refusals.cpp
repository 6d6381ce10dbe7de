#include "host/admission/refusals.hpp"

#include <fmt/format.h>

namespace outsize::host {
namespace {

std::uint64_t message_bytes_of(const record_facts &record) {
  const std::uint64_t payload_room = UINT64_MAX - record.record_header_bytes;
  return record.payload_bytes > payload_room
             ? UINT64_MAX
             : host::message_bytes_of(record.record_header_bytes + record.payload_bytes);
}

/// The largest payload that passes beside this key and these headers.
std::uint64_t payload_bytes_max(const record_facts &record, const log_limits &limits) {
  const std::uint64_t rest = host::message_bytes_of(record.record_header_bytes);
  const std::uint64_t limit = limits.policy_limit_bytes();
  return limit > rest ? limit - rest : 0;
}

/// What an operator can do to have a policy take the record. Those that declined it have said why.
std::string policy_remedy(const std::vector<wire::policy_step> &trace) {
  std::string declined;
  for (const wire::policy_step &step : trace) {
    if (step.plan == "decline" && !step.reason.empty()) {
      declined += fmt::format("{}{}: {}", declined.empty() ? "" : ", ", step.policy, step.reason);
    }
  }
  return declined.empty() ? "give the log a split or spill policy"
                          : fmt::format("change what a policy declined it for ({})", declined);
}

/// What helps a record that is over the limits.
std::string size_remedy(const log_limits &limits, const std::vector<wire::policy_step> &trace) {
  const bool own = limits.policy_limit_bytes() < limits.segment_limit_bytes;
  return fmt::format("split or shrink the record, {}, or raise {}", policy_remedy(trace),
                     own ? fmt::format("the message-limit of log {}", limits.log)
                         : fmt::format("message-limit of node {}", limits.segment_limit_owner));
}

} // namespace

wire::refusal refusal_of(const record_facts &record, const log_limits &limits, code why, std::string text) {
  wire::refusal made;
  made.why = why;
  made.retry = retry_of(why);
  made.actual_bytes = message_bytes_of(record);
  made.limit_bytes = limits.policy_limit_bytes();
  made.text = std::move(text);
  made.at = wire::stage::admission;
  made.limit_source = limits.limit_source();
  made.log = limits.log;
  made.producer = record.header == nullptr ? std::string{} : record.header->producer.producer;
  made.record_index = record.record_index;
  return made;
}

wire::refusal too_large_refusal(const record_facts &record, const log_limits &limits,
                                const std::vector<wire::policy_step> &trace) {
  wire::refusal made = refusal_of(
      record, limits, code::too_large,
      fmt::format(
          "a payload of {} bytes is too large for log {}: as one entry it needs a message of {} bytes, the limit "
          "is {} bytes ({}); the largest payload that fits with this key and these headers has {} bytes",
          record.payload_bytes, limits.log, message_bytes_of(record), limits.policy_limit_bytes(),
          limits.limit_source(), payload_bytes_max(record, limits)));
  made.remedy = size_remedy(limits, trace);
  return made;
}

wire::refusal header_refusal(const record_facts &record, const log_limits &limits, std::uint64_t actual,
                             std::uint64_t limit, const std::string &source) {
  wire::refusal made =
      refusal_of(record, limits, code::header_too_large,
                 fmt::format("the record header (key, headers, producer) has {} bytes, the limit is {} bytes ({})",
                             actual, limit, source));
  made.actual_bytes = actual;
  made.limit_bytes = limit;
  made.limit_source = source;
  return made;
}

wire::refusal rejected_refusal(const record_facts &record, const log_limits &limits, const std::string &policy,
                               const std::string &reason, const std::vector<wire::policy_step> &trace) {
  wire::refusal made =
      refusal_of(record, limits, code::rejected_by_policy,
                 fmt::format("policy {} of log {} rejects a payload of {} bytes: {}", policy, limits.log,
                             record.payload_bytes, reason.empty() ? "no reason given" : reason));
  if (made.actual_bytes > made.limit_bytes) {
    made.remedy = size_remedy(limits, trace);
    return made;
  }
  // It would have fitted: the limit that it met, if any, is the policy's own, and only its reason knows that one.
  made.limit_bytes = 0;
  made.limit_source = fmt::format("policy {}", policy);
  made.remedy = fmt::format("do as the policy's reason says, or take policy {} out of the log's policies", policy);
  return made;
}

wire::refusal misbehaved_refusal(const record_facts &record, const log_limits &limits, const std::string &policy,
                                 const std::string &what) {
  wire::refusal made = refusal_of(record, limits, code::internal,
                                  fmt::format("policy {} of log {} gave no lawful answer for a payload of {} bytes: {}",
                                              policy, limits.log, record.payload_bytes, what));
  made.remedy = fmt::format("take policy {} out of the log's policies or correct its parameters, and report it to the "
                            "plugin's vendor",
                            policy);
  return made;
}

} // namespace outsize::host
