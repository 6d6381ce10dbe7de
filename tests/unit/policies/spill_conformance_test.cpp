#include <outsize/abi/error_codes.h>
#include <outsize/suite/policy_suite.hpp>

using outsize::suite::policy_factory;
using outsize::suite::policy_question;

namespace {

constexpr std::uint64_t mib = 1U << 20U;

policy_question &with_store(policy_question &ask, std::uint32_t state = OUTSIZE_BLOB_STORE_READY,
                            std::uint64_t free_bytes = UINT64_MAX) {
  return ask.blob_store("other", OUTSIZE_BLOB_STORE_READY).blob_store("store-1", state, free_bytes);
}

/// `plans` of this append failed, the last of them of that kind.
void after_failures(policy_question &ask, std::uint32_t plans, std::uint32_t last, std::uint32_t why) {
  ask.input().plans_failed = plans;
  ask.input().last_failed_plan = last;
  ask.input().last_failed_code = why;
}

policy_factory base(const std::string &name) {
  policy_factory made;
  made.name = name;
  made.module_path = SPILL_PLUGIN;
  made.params = {{"blob-store", "store-1"}}; // one that random questions have, too
  made.bad_params = {{"blob-store", ""},           {"blob-store", std::string(64, 'n')},
                     {"max-record-size", "huge"},  {"attempts", "0"},
                     {"attempts", "101"},          {"attempts", "often"},
                     {"log-bytes-per-hour", "1MB"}};
  return made;
}

policy_factory with_defaults() {
  policy_factory made = base("spill");
  made.examples = {
      {"a store that is ready", OUTSIZE_PLAN_SPILL, "", [](policy_question &ask) { with_store(ask); }},
      {"a store that is not configured", OUTSIZE_PLAN_DECLINE,
       "blob store 'store-1' is not configured on this node: add a [[blob-store]] of that name",
       [](policy_question &ask) { ask.blob_store("other", OUTSIZE_BLOB_STORE_READY); }},
      {"a store that is unavailable", OUTSIZE_PLAN_DECLINE, "blob store 'store-1' cannot be reached: outsize status",
       [](policy_question &ask) { with_store(ask, OUTSIZE_BLOB_STORE_UNAVAILABLE); }},
      {"a store that is full", OUTSIZE_PLAN_DECLINE, "blob store 'store-1' is full: make room on it",
       [](policy_question &ask) { with_store(ask, OUTSIZE_BLOB_STORE_FULL); }},
      {"a store that is foreign", OUTSIZE_PLAN_DECLINE, "does not carry this cluster's marker: check where",
       [](policy_question &ask) { with_store(ask, OUTSIZE_BLOB_STORE_FOREIGN); }},
      {"a store in a state that nobody knows", OUTSIZE_PLAN_DECLINE, "in a state that this version does not know",
       [](policy_question &ask) { with_store(ask, 99); }},
      {"free bytes one below the payload", OUTSIZE_PLAN_DECLINE,
       "blob store 'store-1' has 1048575 bytes free, the payload needs 1048576: make room on it",
       [](policy_question &ask) { with_store(ask, OUTSIZE_BLOB_STORE_READY, mib - 1).payload(mib); }},
      {"free bytes exactly the payload", OUTSIZE_PLAN_SPILL, "",
       [](policy_question &ask) { with_store(ask, OUTSIZE_BLOB_STORE_READY, mib).payload(mib); }},
      {"64 GiB, the default of max-record-size", OUTSIZE_PLAN_SPILL, "",
       [](policy_question &ask) { with_store(ask).payload(65536 * mib); }},
      {"64 GiB and a byte", OUTSIZE_PLAN_DECLINE, "payload of 68719476737 bytes is over max-record-size = 68719476736",
       [](policy_question &ask) { with_store(ask).payload(65536 * mib + 1); }},
      {"a reference that just fits the smallest message limit", OUTSIZE_PLAN_SPILL, "",
       [](policy_question &ask) { with_store(ask).segment_limit(4096).input().reference_entry_bytes = 4032; }},
      {"a reference one byte too large", OUTSIZE_PLAN_DECLINE,
       "a reference of 4033 bytes does not fit: the largest entry of this log is 4032 bytes",
       [](policy_question &ask) { with_store(ask).segment_limit(4096).input().reference_entry_bytes = 4033; }},
      {"a reference one byte smaller than the record", OUTSIZE_PLAN_SPILL, "",
       [](policy_question &ask) {
         with_store(ask).payload(1000);
         ask.input().reference_entry_bytes = ask.input().entry_bytes - 1;
       }},
      {"a reference as large as the record", OUTSIZE_PLAN_DECLINE,
       "a reference of 1096 bytes is no smaller than the record itself, 1096 bytes",
       [](policy_question &ask) {
         with_store(ask).payload(1000);
         ask.input().reference_entry_bytes = ask.input().entry_bytes;
       }},
      {"a spill of this append that failed", OUTSIZE_PLAN_DECLINE,
       "a spill of this very append failed before (blob_unavailable), and 1 plans of attempts = 1 are used",
       [](policy_question &ask) {
         after_failures(with_store(ask), 1, OUTSIZE_PLAN_SPILL, OUTSIZE_E_blob_unavailable);
       }},
      {"a split of this append that failed", OUTSIZE_PLAN_SPILL, "",
       [](policy_question &ask) { after_failures(with_store(ask), 1, OUTSIZE_PLAN_SPLIT, OUTSIZE_E_set_aborted); }},
  };
  return made;
}

policy_factory with_limits() {
  policy_factory made = base("spill with limits");
  made.params.insert(made.params.end(), {{"max-record-size", "1MiB"},
                                         {"attempts", "3"},
                                         {"log-bytes-per-hour", "3MiB"},
                                         {"producer-bytes-per-minute", "2MiB"}});
  made.examples = {
      {"payload one below max-record-size", OUTSIZE_PLAN_SPILL, "",
       [](policy_question &ask) { with_store(ask).payload(mib - 1); }},
      {"payload exactly max-record-size", OUTSIZE_PLAN_SPILL, "",
       [](policy_question &ask) { with_store(ask).payload(mib); }},
      {"payload one above max-record-size", OUTSIZE_PLAN_DECLINE,
       "payload of 1048577 bytes is over max-record-size = 1048576",
       [](policy_question &ask) { with_store(ask).payload(mib + 1); }},
      {"the second of three attempts", OUTSIZE_PLAN_SPILL, "",
       [](policy_question &ask) {
         after_failures(with_store(ask).payload(mib), 2, OUTSIZE_PLAN_SPILL, OUTSIZE_E_timed_out);
       }},
      {"after the third of three attempts", OUTSIZE_PLAN_DECLINE, "(timed_out), and 3 plans of attempts = 3 are used",
       [](policy_question &ask) {
         after_failures(with_store(ask).payload(mib), 3, OUTSIZE_PLAN_SPILL, OUTSIZE_E_timed_out);
       }},
      {"exactly what is left of the log's hour", OUTSIZE_PLAN_SPILL, "",
       [](policy_question &ask) { with_store(ask).payload(mib).input().log_spilled_bytes_hour = 2 * mib; }},
      {"one byte more than is left of the log's hour", OUTSIZE_PLAN_DECLINE, "log-bytes-per-hour = 3145728",
       [](policy_question &ask) { with_store(ask).payload(mib).input().log_spilled_bytes_hour = 2 * mib + 1; }},
      {"one byte more than is left of the producer's minute", OUTSIZE_PLAN_DECLINE,
       "producer-bytes-per-minute = 2097152",
       [](policy_question &ask) { with_store(ask).payload(mib).input().producer_spilled_bytes_minute = mib + 1; }},
      {"what was split does not count", OUTSIZE_PLAN_SPILL, "",
       [](policy_question &ask) { with_store(ask).payload(mib).input().producer_split_bytes_minute = 100 * mib; }},
  };
  return made;
}

OUTSIZE_POLICY_SUITE(with_defaults());

namespace limited {
OUTSIZE_POLICY_SUITE(with_limits());
} // namespace limited

} // namespace
