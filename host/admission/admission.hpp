// Admission: the one place where a record's size is compared with a limit, before it has an offset.
//
// All limits here are of whole messages (Z2): a record counts as the smallest message that can carry it, its entry plus
// the largest overhead of any message that carries a whole entry. The threshold is the smallest `applies-above` of the
// log's chain, at most the policy limit; at or below it no plugin is called. Above it the chain is asked in order; the
// first policy that does not decline wins; if all decline, the record passes when it fits the policy limit and is
// refused when it does not.
//
// Thread rule: any thread; pure functions of their arguments (and of the policies, which are pure by contract).
#pragma once

#include <outsize/result.hpp>
#include <outsize/wire/limits.hpp>
#include <outsize/wire/messages.hpp>

#include <outsize/abi/size_policy.h>

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace outsize::host {

/// The limits of one log, pinned for a decision, with who set them (for refusals and status).
struct log_limits {
  std::string log;
  std::uint64_t segment_limit_bytes = 0;
  std::string segment_limit_owner;   ///< node name
  std::uint64_t own_limit_bytes = 0; ///< the log's message-limit; 0 = none

  /// min(own, segment).
  [[nodiscard]] std::uint64_t policy_limit_bytes() const;
  /// The largest payload of a record without key, headers and producer; 0 while no segment is open.
  [[nodiscard]] std::uint64_t payload_bytes_max() const;
  /// "peer n1" or "log orders".
  [[nodiscard]] std::string limit_source() const;
};

/// The smallest message that carries a record of `record_bytes` (record header and payload). Saturates: lengths come
/// from clients.
constexpr std::uint64_t message_bytes_of(std::uint64_t record_bytes) {
  constexpr std::uint64_t overhead = wire::carrier_overhead_bytes + wire::entry_header_bytes;
  return record_bytes > UINT64_MAX - overhead ? UINT64_MAX : overhead + record_bytes;
}

/// One policy of a log's chain, as configured.
struct chained_policy {
  std::string name;                ///< configured name
  std::uint64_t applies_above = 0; ///< message bytes; 0 = the log's policy limit
  /// Calls the plugin. An error is a refusal, and a log line that names the policy.
  std::function<result<void>(const outsize_policy_input &input, outsize_policy_plan &plan)> decide;
};

struct record_facts {
  std::uint64_t record_header_bytes = 0; ///< encoded
  std::uint64_t payload_bytes = 0;
  const wire::record_header *header = nullptr; ///< null: sizes are all that is known yet
  std::uint32_t record_index = 0;              ///< in the client's batch, for the refusal
};

struct pass {};
struct split_plan {
  std::uint64_t fragment_bytes = 0;
};
struct spill_plan {
  std::string blob_store;
};

struct verdict {
  std::variant<pass, split_plan, spill_plan, wire::refusal> what;
  std::vector<wire::policy_step> trace;
  std::vector<std::string> misbehaviour; ///< a policy broke its contract: log lines naming it
  bool warn = false;                     ///< a policy asked for a warning about the size
};

/// Bytes that went one way in the last minute and hour.
struct bytes_recently {
  std::uint64_t minute = 0;
  std::uint64_t hour = 0;
};

/// What the host knows beyond the record: blob stores, usage, open sets. Filled into outsize_policy_input.
struct policy_snapshot {
  std::vector<outsize_blob_store_state> blob_stores;
  std::uint32_t open_sets = 0;
  std::uint32_t plans_failed = 0;
  std::uint32_t last_failed_plan = 0;
  std::uint32_t last_failed_code = 0;
  bytes_recently log_split;
  bytes_recently log_spilled;
  bytes_recently producer_split;
  bytes_recently producer_spilled;
};

/// Is any policy asked about a record of this size? Where none is, the snapshot is not looked at, and need not be made.
bool is_put_to_policies(const record_facts &record, const log_limits &limits, const std::vector<chained_policy> &chain);

/// Decides about one record. Never fails: whatever is wrong with record or policy is a refusal in the verdict.
verdict admit(const record_facts &record, const log_limits &limits, const std::vector<chained_policy> &chain,
              const policy_snapshot &snapshot);

} // namespace outsize::host
