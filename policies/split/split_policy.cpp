#include "split_policy.hpp"

#include <algorithm>
#include <array>

namespace outsize::policies {
namespace {

constexpr std::int64_t kib = 1024;
constexpr std::int64_t gib = kib * kib * kib;

/// The largest entry that a message of this log carries: a log's own limit holds for fragments too. 0: none at all.
std::uint64_t entry_bytes_max_of_log(const policy_input &input) {
  const std::uint64_t entry = input.entry_bytes_max();
  const std::uint64_t message = input.segment_limit_bytes();
  const std::uint64_t overhead = message > entry ? message - entry : 0;
  const std::uint64_t own_limit = input.policy_limit_bytes();
  return own_limit > overhead ? std::min(entry, own_limit - overhead) : 0;
}

/// 0: not even one byte fits.
std::uint64_t fragment_bytes_max(const policy_input &input) {
  const std::uint64_t entry = entry_bytes_max_of_log(input);
  const std::uint64_t overhead = input.fragment_overhead_bytes();
  return entry > overhead ? entry - overhead : 0;
}

policy_plan does_not_fit(std::string_view what, std::uint64_t bytes, std::uint64_t bytes_max) {
  plan_text why;
  why << what << " of " << bytes << " bytes does not fit: the largest entry of this log is " << bytes_max << " bytes";
  return policy_plan::decline(why);
}

} // namespace

std::span<const outsize_param> split_policy::params() {
  static constexpr std::array table = {
      param::bytes("fragment-size", "1MiB",
                   "Payload bytes of each fragment but the last; less where a message of the log takes less.", kib,
                   gib),
      param::bytes("max-record-size", "1GiB", "Payloads above this many bytes are left to the next policy; 0B: none.",
                   0, 0),
      quota_params[0],
      quota_params[1],
      quota_params[2],
      quota_params[3],
  };
  return table;
}

result<std::unique_ptr<size_policy>> split_policy::create(const size_policy_setup &setup) {
  settings how;
  how.fragment_bytes = setup.params.bytes("fragment-size");
  how.payload_bytes_max = setup.params.bytes("max-record-size");
  how.recent = quotas(setup.params);
  return std::unique_ptr<size_policy>(std::make_unique<split_policy>(how));
}

policy_plan split_policy::decide(const policy_input &input) const {
  const std::uint64_t payload = input.payload_bytes();
  if (payload == 0) {
    return policy_plan::decline("a payload of 0 bytes cannot be cut: key and headers make this record large");
  }
  if (how_.payload_bytes_max != 0 && payload > how_.payload_bytes_max) {
    plan_text why;
    why << "payload of " << payload << " bytes is over max-record-size = " << how_.payload_bytes_max;
    return policy_plan::decline(why);
  }
  if (input.commit_entry_bytes() > input.entry_bytes_max()) {
    return does_not_fit("a commit entry", input.commit_entry_bytes(), input.entry_bytes_max());
  }
  const std::uint64_t fragment_max = fragment_bytes_max(input);
  if (fragment_max == 0) {
    return does_not_fit("a fragment's overhead", input.fragment_overhead_bytes(), entry_bytes_max_of_log(input));
  }
  if (const auto overrun = how_.recent.overrun(payload, input.log_split(), input.producer_split())) {
    return policy_plan::decline(*overrun);
  }
  return cut(input, std::min(how_.fragment_bytes, fragment_max));
}

policy_plan split_policy::cut(const policy_input &input, std::uint64_t fragment_bytes) const {
  const std::uint64_t payload = input.payload_bytes();
  const std::uint64_t fragments = payload / fragment_bytes + (payload % fragment_bytes == 0 ? 0 : 1);
  const bool smaller = fragment_bytes < how_.fragment_bytes;
  plan_text why;
  if (fragments > input.fragments_max()) {
    why << "payload of " << payload << " bytes needs " << fragments << " fragments of " << fragment_bytes
        << " bytes, a set has at most " << input.fragments_max()
        << (smaller ? "; raise the log's message limit" : "; raise fragment-size");
    return policy_plan::decline(why);
  }
  if (!smaller) {
    return policy_plan::split(fragment_bytes);
  }
  why << "fragments of " << fragment_bytes << " bytes instead of " << how_.fragment_bytes
      << ": the most that a message of this log carries";
  return policy_plan::split(fragment_bytes).with_remark(why);
}

} // namespace outsize::policies
