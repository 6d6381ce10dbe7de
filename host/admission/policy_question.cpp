#include "host/admission/policy_question.hpp"

#include "host/admission/plan_check.hpp"

namespace outsize::host {
namespace {

const std::uint8_t *bytes_of(const std::string &text) {
  return reinterpret_cast<const std::uint8_t *>(text.data());
}

} // namespace

policy_question::policy_question(const record_facts &record, const log_limits &limits,
                                 const policy_snapshot &snapshot) {
  input_.struct_size = sizeof input_;
  fill_record(record);
  fill_limits(record, limits);
  fill_snapshot(snapshot);
}

void policy_question::fill_record(const record_facts &record) {
  input_.payload_bytes = record.payload_bytes;
  input_.entry_bytes = wire::entry_header_bytes + record.record_header_bytes + record.payload_bytes;
  input_.producer = "";
  if (record.header == nullptr) {
    return;
  }
  const wire::record_header &header = *record.header;
  input_.producer = header.producer.producer.c_str();
  input_.key = header.has_key ? bytes_of(header.key) : nullptr;
  input_.key_bytes = header.key.size();
  headers_.reserve(header.headers.size());
  for (const wire::record_field &field : header.headers) {
    headers_.push_back({field.name.data(), field.name.size(), bytes_of(field.value), field.value.size()});
  }
  input_.headers = headers_.data();
  input_.header_count = static_cast<std::uint32_t>(headers_.size());
}

void policy_question::fill_limits(const record_facts &record, const log_limits &limits) {
  input_.log = limits.log.c_str();
  input_.entry_bytes_max = wire::entry_bytes_max(limits.segment_limit_bytes);
  input_.segment_limit_bytes = limits.segment_limit_bytes;
  input_.policy_limit_bytes = limits.policy_limit_bytes();
  input_.fragment_overhead_bytes = fragment_overhead_bytes;
  input_.commit_entry_bytes = final_entry_bytes_of(record);
  input_.reference_entry_bytes = final_entry_bytes_of(record);
  input_.fragments_max = fragments_max;
}

void policy_question::fill_snapshot(const policy_snapshot &snapshot) {
  input_.plans_failed = snapshot.plans_failed;
  input_.last_failed_plan = snapshot.last_failed_plan;
  input_.last_failed_code = snapshot.last_failed_code;
  input_.blob_store_count = static_cast<std::uint32_t>(snapshot.blob_stores.size());
  input_.blob_store_bytes = sizeof(outsize_blob_store_state);
  input_.blob_stores = snapshot.blob_stores.data();
  input_.open_sets = snapshot.open_sets;
  input_.log_split_bytes_minute = snapshot.log_split.minute;
  input_.log_split_bytes_hour = snapshot.log_split.hour;
  input_.log_spilled_bytes_minute = snapshot.log_spilled.minute;
  input_.log_spilled_bytes_hour = snapshot.log_spilled.hour;
  input_.producer_split_bytes_minute = snapshot.producer_split.minute;
  input_.producer_split_bytes_hour = snapshot.producer_split.hour;
  input_.producer_spilled_bytes_minute = snapshot.producer_spilled.minute;
  input_.producer_spilled_bytes_hour = snapshot.producer_spilled.hour;
}

} // namespace outsize::host
