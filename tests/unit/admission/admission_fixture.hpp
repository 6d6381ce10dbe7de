// A log, its limits and a chain of policies, to which records are put.
#pragma once

#include "host/admission/admission.hpp"

#include <outsize/policy_plan.hpp>
#include <outsize/wire/codec.hpp>

#include <functional>
#include <string>
#include <vector>

namespace outsize::test {

struct admission_fixture {
  host::log_limits limits{"orders", 64 * wire::kib, "n1", 0};
  std::vector<host::chained_policy> chain;
  host::policy_snapshot snapshot;
  wire::record_header header;
  std::vector<std::string> asked; ///< policies, in the order they were asked

  using answers = std::function<policy_plan(const outsize_policy_input &)>;
  void add_policy(const std::string &name, answers answer, std::uint64_t applies_above = 0) {
    chain.push_back(
        {name, applies_above,
         [this, name, answer](const outsize_policy_input &input, outsize_policy_plan &plan) -> result<void> {
           asked.push_back(name);
           plan = answer(input).raw();
           return {};
         }});
  }
  void add_failing_policy(const std::string &name, const error &why) {
    chain.push_back({name, 0, [this, name, why](const outsize_policy_input &, outsize_policy_plan &) -> result<void> {
                       asked.push_back(name);
                       return why;
                     }});
  }

  [[nodiscard]] std::uint64_t header_bytes() const { return wire::encode_record_header(header).value().size(); }
  /// The payload whose smallest message has `message_bytes`.
  [[nodiscard]] std::uint64_t payload_for(std::uint64_t message_bytes) const {
    return message_bytes - host::message_bytes_of(header_bytes());
  }
  host::verdict admit_payload(std::uint64_t payload_bytes) {
    return host::admit({header_bytes(), payload_bytes, &header, 3}, limits, chain, snapshot);
  }
  host::verdict admit_message(std::uint64_t message_bytes) { return admit_payload(payload_for(message_bytes)); }
};

inline bool passes(const host::verdict &decided) {
  return std::holds_alternative<host::pass>(decided.what);
}
inline const wire::refusal &refusal(const host::verdict &decided) {
  return std::get<wire::refusal>(decided.what);
}

} // namespace outsize::test
