#include <outsize/suite/policy_suite.hpp>

#include <outsize/policy_input.hpp>

using outsize::suite::policy_example;
using outsize::suite::policy_factory;
using outsize::suite::policy_question;

namespace {

constexpr std::uint64_t mib = 1U << 20U;

std::uint64_t message_bytes(policy_question &ask) {
  return outsize::policy_input(ask.input()).message_bytes();
}

policy_factory plain() {
  policy_factory made;
  made.name = "reject";
  made.module_path = REJECT_PLUGIN;
  made.bad_params = {{"limit", "huge"}, {"warn-above", "1MB"}};
  made.examples = {
      {"entry one below the segment's largest", OUTSIZE_PLAN_DECLINE, "is within every limit",
       [](policy_question &ask) { ask.input().entry_bytes = ask.input().entry_bytes_max - 1; }},
      {"entry exactly the segment's largest", OUTSIZE_PLAN_DECLINE, "is within every limit",
       [](policy_question &ask) { ask.input().entry_bytes = ask.input().entry_bytes_max; }},
      {"entry one above the segment's largest", OUTSIZE_PLAN_REJECT,
       "message of 33554433 bytes is over the segment's limit of 33554432 bytes",
       [](policy_question &ask) { ask.input().entry_bytes = ask.input().entry_bytes_max + 1; }},
      {"message exactly at the log's limit", OUTSIZE_PLAN_DECLINE, "",
       [](policy_question &ask) {
         ask.payload(mib);
         ask.input().policy_limit_bytes = message_bytes(ask);
       }},
      {"message one above the log's limit", OUTSIZE_PLAN_REJECT,
       "message of 1048736 bytes is over the log's limit of 1048735 bytes",
       [](policy_question &ask) {
         ask.payload(mib);
         ask.input().policy_limit_bytes = message_bytes(ask) - 1;
       }},
      {"sizes at the end of 64 bits", OUTSIZE_PLAN_REJECT, "message of 18446744073709551615 bytes",
       [](policy_question &ask) { ask.payload(UINT64_MAX); }},
      {"empty record", OUTSIZE_PLAN_DECLINE, "payload of 0 bytes is within every limit",
       [](policy_question &ask) { ask.payload(0); }},
  };
  return made;
}

policy_factory with_limit() {
  policy_factory made;
  made.name = "reject with limit=1MiB";
  made.module_path = REJECT_PLUGIN;
  made.params = {{"limit", "1MiB"}, {"warn-above", "512KiB"}, {"reason", "use the archive"}};
  made.examples = {
      {"payload one below the limit", OUTSIZE_PLAN_DECLINE, "payload of 1048575 bytes",
       [](policy_question &ask) { ask.payload(mib - 1); }},
      {"payload exactly the limit", OUTSIZE_PLAN_DECLINE, "payload of 1048576 bytes",
       [](policy_question &ask) { ask.payload(mib); }},
      {"payload one above the limit", OUTSIZE_PLAN_REJECT,
       "payload of 1048577 bytes is over the policy's limit of 1048576 bytes: use the archive",
       [](policy_question &ask) { ask.payload(mib + 1); }},
      {"segment smaller than the limit", OUTSIZE_PLAN_REJECT, "over the segment's limit of 4096 bytes: use the archive",
       [](policy_question &ask) { ask.segment_limit(4096).payload(8192); }},
  };
  return made;
}

OUTSIZE_POLICY_SUITE(plain());

namespace limited {
OUTSIZE_POLICY_SUITE(with_limit());
} // namespace limited

} // namespace
