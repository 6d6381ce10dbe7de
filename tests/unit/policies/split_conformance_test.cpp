#include <outsize/abi/error_codes.h>
#include <outsize/suite/policy_suite.hpp>

using outsize::suite::policy_factory;
using outsize::suite::policy_question;

namespace {

constexpr std::uint64_t kib = 1U << 10U;
constexpr std::uint64_t mib = 1U << 20U;
constexpr std::uint64_t fragments_max = 65536;
constexpr std::uint64_t fragment_overhead = 128; // of policy_question

/// The segment's limit is the log's too.
policy_question &on_segment(policy_question &ask, std::uint64_t limit) {
  ask.segment_limit(limit).input().policy_limit_bytes = limit;
  return ask;
}

policy_factory base(const std::string &name) {
  policy_factory made;
  made.name = name;
  made.module_path = SPLIT_PLUGIN;
  made.bad_params = {{"fragment-size", "0B"},  {"fragment-size", "1023B"},  {"fragment-size", "1025MiB"},
                     {"fragment-size", "1MB"}, {"max-record-size", "huge"}, {"producer-bytes-per-hour", ""}};
  return made;
}

policy_factory with_defaults() {
  policy_factory made = base("split");
  made.examples = {
      {"a payload of one byte", OUTSIZE_PLAN_SPLIT, "", [](policy_question &ask) { ask.payload(1); }},
      {"no payload", OUTSIZE_PLAN_DECLINE, "a payload of 0 bytes cannot be cut",
       [](policy_question &ask) { ask.payload(0); }},
      {"one gigabyte, the default of max-record-size", OUTSIZE_PLAN_SPLIT, "",
       [](policy_question &ask) { ask.payload(1024 * mib); }},
      {"one gigabyte and a byte", OUTSIZE_PLAN_DECLINE,
       "payload of 1073741825 bytes is over max-record-size = 1073741824",
       [](policy_question &ask) { ask.payload(1024 * mib + 1); }},
      {"sizes at the end of 64 bits", OUTSIZE_PLAN_DECLINE, "payload of 18446744073709551615 bytes",
       [](policy_question &ask) { ask.payload(UINT64_MAX); }},
      {"an earlier split of this append that was cut off", OUTSIZE_PLAN_SPLIT, "",
       [](policy_question &ask) {
         ask.input().plans_failed = 1;
         ask.input().last_failed_plan = OUTSIZE_PLAN_SPLIT;
         ask.input().last_failed_code = OUTSIZE_E_set_aborted;
       }},
  };
  return made;
}

/// Fragments of 64 KiB and no limit but that of a set: how many there are, and what a message of the log carries.
policy_factory of_any_size() {
  policy_factory made = base("split with fragment-size=64KiB max-record-size=0B");
  made.params = {{"fragment-size", "64KiB"}, {"max-record-size", "0B"}};
  const std::uint64_t just_fits = 64 * kib + policy_question::message_overhead_bytes + fragment_overhead;
  const std::uint64_t smallest = 4 * kib - policy_question::message_overhead_bytes - fragment_overhead;
  made.examples = {
      {"65536 fragments less a byte", OUTSIZE_PLAN_SPLIT, "",
       [](policy_question &ask) { ask.payload(fragments_max * 64 * kib - 1); }},
      {"65536 fragments", OUTSIZE_PLAN_SPLIT, "", [](policy_question &ask) { ask.payload(fragments_max * 64 * kib); }},
      {"65536 fragments and a byte", OUTSIZE_PLAN_DECLINE,
       "payload of 4294967297 bytes needs 65537 fragments of 65536 bytes, a set has at most 65536; raise fragment-size",
       [](policy_question &ask) { ask.payload(fragments_max * 64 * kib + 1); }},
      {"sizes at the end of 64 bits", OUTSIZE_PLAN_DECLINE, "needs 281474976710656 fragments",
       [](policy_question &ask) { ask.payload(UINT64_MAX); }},
      {"a segment limit one below what a fragment needs", OUTSIZE_PLAN_SPLIT,
       "fragments of 65535 bytes instead of 65536: the most that a message of this log carries",
       [=](policy_question &ask) { on_segment(ask, just_fits - 1); }},
      {"a segment limit of just what a fragment needs", OUTSIZE_PLAN_SPLIT, "",
       [=](policy_question &ask) { on_segment(ask, just_fits); }},
      {"a log's own limit one below what a fragment needs", OUTSIZE_PLAN_SPLIT,
       "fragments of 65535 bytes instead of 65536",
       [=](policy_question &ask) { on_segment(ask, 32 * mib).input().policy_limit_bytes = just_fits - 1; }},
      {"a log's own limit of just what a fragment needs", OUTSIZE_PLAN_SPLIT, "",
       [=](policy_question &ask) { on_segment(ask, 32 * mib).input().policy_limit_bytes = just_fits; }},
      {"a log's own limit below any message", OUTSIZE_PLAN_DECLINE, "the largest entry of this log is 0 bytes",
       [](policy_question &ask) {
         on_segment(ask, 32 * mib).input().policy_limit_bytes = policy_question::message_overhead_bytes;
       }},
      {"the smallest message limit, 65536 fragments", OUTSIZE_PLAN_SPLIT, "fragments of 3904 bytes instead of 65536",
       [=](policy_question &ask) { on_segment(ask, 4 * kib).payload(fragments_max * smallest); }},
      {"the smallest message limit, 65536 fragments and a byte", OUTSIZE_PLAN_DECLINE,
       "a set has at most 65536; raise the log's message limit",
       [=](policy_question &ask) { on_segment(ask, 4 * kib).payload(fragments_max * smallest + 1); }},
      {"a commit entry that just fits", OUTSIZE_PLAN_SPLIT, "",
       [](policy_question &ask) { ask.input().commit_entry_bytes = ask.input().entry_bytes_max; }},
      {"a commit entry one byte too large", OUTSIZE_PLAN_DECLINE,
       "a commit entry of 4033 bytes does not fit: the largest entry of this log is 4032 bytes",
       [](policy_question &ask) { on_segment(ask, 4 * kib).input().commit_entry_bytes = 4033; }},
      {"a fragment's overhead that leaves one byte", OUTSIZE_PLAN_SPLIT, "fragments of 1 bytes instead of",
       [](policy_question &ask) { on_segment(ask, 4 * kib).payload(kib).input().fragment_overhead_bytes = 4031; }},
      {"a fragment's overhead that leaves nothing", OUTSIZE_PLAN_DECLINE,
       "a fragment's overhead of 4032 bytes does not fit: the largest entry of this log is 4032 bytes",
       [](policy_question &ask) { on_segment(ask, 4 * kib).payload(kib).input().fragment_overhead_bytes = 4032; }},
  };
  return made;
}

policy_factory with_limits() {
  policy_factory made = base("split with max-record-size=1MiB and quotas");
  made.params = {{"max-record-size", "1MiB"}, {"log-bytes-per-minute", "3MiB"}, {"producer-bytes-per-hour", "4MiB"}};
  const auto after = [](std::uint64_t bytes) {
    return [bytes](policy_question &ask) { ask.payload(mib).input().log_split_bytes_minute = bytes; };
  };
  made.examples = {
      {"payload one below max-record-size", OUTSIZE_PLAN_SPLIT, "", [](policy_question &ask) { ask.payload(mib - 1); }},
      {"payload exactly max-record-size", OUTSIZE_PLAN_SPLIT, "", [](policy_question &ask) { ask.payload(mib); }},
      {"payload one above max-record-size", OUTSIZE_PLAN_DECLINE,
       "payload of 1048577 bytes is over max-record-size = 1048576",
       [](policy_question &ask) { ask.payload(mib + 1); }},
      {"exactly what is left of the log's minute", OUTSIZE_PLAN_SPLIT, "", after(2 * mib)},
      {"one byte more than is left of the log's minute", OUTSIZE_PLAN_DECLINE,
       "payload of 1048576 bytes is over what is left of log-bytes-per-minute = 3145728, of which 2097153 are used",
       after(2 * mib + 1)},
      {"more used than the quota", OUTSIZE_PLAN_DECLINE, "log-bytes-per-minute", after(UINT64_MAX)},
      {"what was spilled does not count", OUTSIZE_PLAN_SPLIT, "",
       [](policy_question &ask) { ask.payload(mib).input().log_spilled_bytes_minute = 100 * mib; }},
      {"one byte more than is left of the producer's hour", OUTSIZE_PLAN_DECLINE, "producer-bytes-per-hour = 4194304",
       [](policy_question &ask) { ask.payload(mib).input().producer_split_bytes_hour = 3 * mib + 1; }},
  };
  return made;
}

OUTSIZE_POLICY_SUITE(with_defaults());

namespace any_size {
OUTSIZE_POLICY_SUITE(of_any_size());
} // namespace any_size

namespace limited {
OUTSIZE_POLICY_SUITE(with_limits());
} // namespace limited

} // namespace
