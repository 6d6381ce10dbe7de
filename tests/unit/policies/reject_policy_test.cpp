#include <policies/reject/reject_policy.hpp>

#include <outsize/suite/policy_question.hpp>

#include <catch2/catch.hpp>

using outsize::policy_input;
using outsize::policy_plan;
using outsize::policies::reject_policy;
using outsize::suite::policy_question;

namespace {

policy_plan decide(reject_policy::settings how, std::uint64_t payload_bytes) {
  policy_question ask;
  ask.payload(payload_bytes);
  return reject_policy(std::move(how)).decide(policy_input(ask.asked()));
}

} // namespace

TEST_CASE("reject: warns above its threshold, whatever becomes of the record") {
  const reject_policy::settings how{.payload_bytes_max = 2000, .warn_above_bytes = 1000, .reason = ""};
  CHECK_FALSE(decide(how, 999).warns());
  CHECK_FALSE(decide(how, 1000).warns());
  CHECK(decide(how, 1001).warns());
  CHECK(decide(how, 1001).kind() == OUTSIZE_PLAN_DECLINE);
  CHECK(decide(how, 2001).warns());
  CHECK(decide(how, 2001).kind() == OUTSIZE_PLAN_REJECT);
}

TEST_CASE("reject: without a threshold it never warns") {
  CHECK_FALSE(decide({}, 0).warns());
  CHECK_FALSE(decide({}, UINT64_MAX).warns());
}

TEST_CASE("reject: an operator's reason that is too long is cut, not half a character left") {
  const reject_policy::settings how{.payload_bytes_max = 1, .warn_above_bytes = 0, .reason = [] {
                                      std::string umlauts;
                                      for (int i = 0; i < 200; ++i) {
                                        umlauts += "\u00e4";
                                      }
                                      return umlauts;
                                    }()};
  const policy_plan plan = decide(how, 2);
  CHECK(plan.reason().size() >= OUTSIZE_PLAN_REASON_BYTES - 2);
  CHECK(plan.reason().size() < OUTSIZE_PLAN_REASON_BYTES);
  CHECK((plan.reason().back() == '\xa4'));
}
