#include "host/admission/plan_check.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace outsize::host {
namespace {

std::optional<std::string> fault_of_final_entry(const record_facts &record, const log_limits &limits) {
  const std::uint64_t message = wire::carrier_overhead_bytes + final_entry_bytes_of(record);
  if (message <= limits.segment_limit_bytes) {
    return std::nullopt;
  }
  return fmt::format("its last entry needs a message of {} bytes, the segment limit is {}", message,
                     limits.segment_limit_bytes);
}

} // namespace

std::uint64_t final_entry_bytes_of(const record_facts &record) {
  return wire::entry_header_bytes + final_entry_bytes_max + record.record_header_bytes;
}

std::optional<std::string> fault_of_split(const record_facts &record, const log_limits &limits,
                                          std::uint64_t fragment_bytes) {
  if (fragment_bytes == 0) {
    return "fragments of 0 bytes";
  }
  const std::uint64_t message = message_bytes_of(fragment_bytes);
  if (message > limits.segment_limit_bytes) {
    return fmt::format("a fragment of {} bytes needs a message of {} bytes, the segment limit is {}", fragment_bytes,
                       message, limits.segment_limit_bytes);
  }
  const std::uint64_t fragments = record.payload_bytes / fragment_bytes + (record.payload_bytes % fragment_bytes != 0);
  if (fragments > fragments_max) {
    return fmt::format("{} fragments of {} bytes, at most {} are allowed", fragments, fragment_bytes, fragments_max);
  }
  return fault_of_final_entry(record, limits);
}

std::optional<std::string> fault_of_spill(const record_facts &record, const log_limits &limits,
                                          const policy_snapshot &snapshot, std::string_view blob_store) {
  const auto named = [&](const outsize_blob_store_state &store) { return blob_store == store.name; };
  if (std::none_of(snapshot.blob_stores.begin(), snapshot.blob_stores.end(), named)) {
    return fmt::format("it names the blob store '{}', which is not configured", blob_store);
  }
  return fault_of_final_entry(record, limits);
}

} // namespace outsize::host
