#include "spill_policy.hpp"

#include <outsize/error.hpp>

#include <array>

namespace outsize::policies {
namespace {

/// A plan carries the name with a zero byte at its end.
constexpr std::size_t store_name_bytes_max = OUTSIZE_PLAN_STORE_BYTES - 1;
constexpr std::int64_t attempts_max = 100;

/// What an operator reads about a store that takes nothing; empty when it is ready.
std::string_view fault_of(std::uint32_t state) {
  switch (state) {
  case OUTSIZE_BLOB_STORE_READY:
    return "";
  case OUTSIZE_BLOB_STORE_UNAVAILABLE:
    return "cannot be reached: outsize status shows why";
  case OUTSIZE_BLOB_STORE_FULL:
    return "is full: make room on it, or remove blobs that no log names";
  case OUTSIZE_BLOB_STORE_FOREIGN:
    return "does not carry this cluster's marker: check where its configuration points";
  default:
    return "is in a state that this version does not know: upgrade the plugin";
  }
}

} // namespace

std::span<const outsize_param> spill_policy::params() {
  static constexpr std::array table = {
      param::string("blob-store", nullptr, "The name of the [[blob-store]] that takes the payloads."),
      param::bytes("max-record-size", "64GiB", "Payloads above this many bytes are left to the next policy; 0B: none.",
                   0, 0),
      param::integer("attempts", "1", "Plans of one append that may fail before a spill of it is not tried again.", 1,
                     attempts_max),
      quota_params[0],
      quota_params[1],
      quota_params[2],
      quota_params[3],
  };
  return table;
}

result<std::unique_ptr<size_policy>> spill_policy::create(const size_policy_setup &setup) {
  settings how;
  how.blob_store = setup.params.text("blob-store");
  how.payload_bytes_max = setup.params.bytes("max-record-size");
  how.attempts = static_cast<std::uint64_t>(setup.params.number("attempts"));
  how.recent = quotas(setup.params);
  if (how.blob_store.empty() || how.blob_store.size() > store_name_bytes_max) {
    return make_error(code::bad_config,
                      "blob-store = \"" + how.blob_store + "\" has " + std::to_string(how.blob_store.size()) +
                          " bytes; 1 to " + std::to_string(store_name_bytes_max) + " are allowed",
                      "give the [[blob-store]] a shorter name, and write it here");
  }
  return std::unique_ptr<size_policy>(std::make_unique<spill_policy>(std::move(how)));
}

policy_plan spill_policy::decide(const policy_input &input) const {
  for (const auto fault :
       {&spill_policy::fault_of_size, &spill_policy::fault_of_store, &spill_policy::fault_of_history}) {
    if (const std::optional<plan_text> why = (this->*fault)(input)) {
      return policy_plan::decline(*why);
    }
  }
  return policy_plan::spill(how_.blob_store);
}

std::optional<plan_text> spill_policy::fault_of_size(const policy_input &input) const {
  plan_text why;
  if (how_.payload_bytes_max != 0 && input.payload_bytes() > how_.payload_bytes_max) {
    why << "payload of " << input.payload_bytes() << " bytes is over max-record-size = " << how_.payload_bytes_max;
    return why;
  }
  if (input.reference_entry_bytes() > input.entry_bytes_max()) {
    why << "a reference of " << input.reference_entry_bytes()
        << " bytes does not fit: the largest entry of this log is " << input.entry_bytes_max() << " bytes";
    return why;
  }
  if (input.reference_entry_bytes() >= input.entry_bytes()) {
    why << "a reference of " << input.reference_entry_bytes() << " bytes is no smaller than the record itself, "
        << input.entry_bytes() << " bytes";
    return why;
  }
  return std::nullopt;
}

std::optional<plan_text> spill_policy::fault_of_store(const policy_input &input) const {
  plan_text why;
  why << "blob store '" << how_.blob_store << "' ";
  const std::optional<blob_store_view> store = input.blob_store(how_.blob_store);
  if (!store) {
    why << "is not configured on this node: add a [[blob-store]] of that name";
    return why;
  }
  if (const std::string_view fault = fault_of(store->state); !fault.empty()) {
    why << fault;
    return why;
  }
  if (input.payload_bytes() > store->free_bytes) { // unknown is the largest number
    why << "has " << store->free_bytes << " bytes free, the payload needs " << input.payload_bytes()
        << ": make room on it";
    return why;
  }
  return std::nullopt;
}

std::optional<plan_text> spill_policy::fault_of_history(const policy_input &input) const {
  if (input.last_failed_plan() == OUTSIZE_PLAN_SPILL && input.plans_failed() >= how_.attempts) {
    plan_text why;
    why << "a spill of this very append failed before (" << name_of(code{input.last_failed_code()}) << "), and "
        << input.plans_failed() << " plans of attempts = " << how_.attempts << " are used";
    return why;
  }
  return how_.recent.overrun(input.payload_bytes(), input.log_spilled(), input.producer_spilled());
}

} // namespace outsize::policies
