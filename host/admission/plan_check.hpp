// The host's check of a policy's plan (policy contract P-04): every entry it causes must fit the segment, and what it
// names must exist. A plan that breaks a rule is never carried out.
//
// Thread rule: pure functions.
#pragma once

#include "host/admission/admission.hpp"

#include <outsize/policy_plan.hpp>

#include <optional>
#include <string>
#include <variant>

namespace outsize::host {

/// Most fragments of one split record.
inline constexpr std::uint64_t fragments_max = wire::fragments_max;
/// A commit or reference entry is its entry header and at most this, plus key and headers.
inline constexpr std::uint64_t final_entry_bytes_max = 512;

/// The size of the entry that ends a split or a spill of this record: entry header included.
std::uint64_t final_entry_bytes_of(const record_facts &record);

/// The fragment entries' common size beyond their piece of payload.
inline constexpr std::uint64_t fragment_overhead_bytes = wire::entry_header_bytes;

/// What is wrong with the plan; nothing when it is lawful.
std::optional<std::string> fault_of_split(const record_facts &record, const log_limits &limits,
                                          std::uint64_t fragment_bytes);
std::optional<std::string> fault_of_spill(const record_facts &record, const log_limits &limits,
                                          const policy_snapshot &snapshot, std::string_view blob_store);

} // namespace outsize::host
