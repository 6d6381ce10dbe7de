#include "reject_policy.hpp"

#include <array>
#include <utility>

namespace outsize::policies {

std::span<const outsize_param> reject_policy::params() {
  static constexpr std::array table = {
      param::bytes("limit", "0B", "Payloads above this many bytes are rejected; 0B leaves it to the log's limits.", 0,
                   0),
      param::bytes("warn-above", "0B", "Payloads above this many bytes are logged and counted as large; 0B: none.", 0,
                   0),
      param::string("reason", "", "Added to every refusal: what the client should do instead."),
  };
  return table;
}

result<std::unique_ptr<size_policy>> reject_policy::create(const size_policy_setup &setup) {
  settings how;
  how.payload_bytes_max = setup.params.bytes("limit");
  how.warn_above_bytes = setup.params.bytes("warn-above");
  how.reason = setup.params.text("reason");
  return std::unique_ptr<size_policy>(std::make_unique<reject_policy>(std::move(how)));
}

policy_plan reject_policy::decide(const policy_input &input) const {
  const policy_plan plan = plan_for(input);
  const bool large = how_.warn_above_bytes != 0 && input.payload_bytes() > how_.warn_above_bytes;
  return large ? plan.with_warning() : plan;
}

policy_plan reject_policy::plan_for(const policy_input &input) const {
  if (!input.fits()) {
    return refuse("message", input.message_bytes(), "segment", input.segment_limit_bytes());
  }
  if (input.message_bytes() > input.policy_limit_bytes()) {
    return refuse("message", input.message_bytes(), "log", input.policy_limit_bytes());
  }
  if (how_.payload_bytes_max != 0 && input.payload_bytes() > how_.payload_bytes_max) {
    return refuse("payload", input.payload_bytes(), "policy", how_.payload_bytes_max);
  }
  plan_text why;
  why << "payload of " << input.payload_bytes() << " bytes is within every limit";
  return policy_plan::decline(why);
}

policy_plan reject_policy::refuse(std::string_view what, std::uint64_t actual_bytes, std::string_view whose,
                                  std::uint64_t limit_bytes) const {
  plan_text why;
  why << what << " of " << actual_bytes << " bytes is over the " << whose << "'s limit of " << limit_bytes << " bytes";
  if (!how_.reason.empty()) {
    why << ": " << how_.reason;
  }
  return policy_plan::reject(why);
}

} // namespace outsize::policies
