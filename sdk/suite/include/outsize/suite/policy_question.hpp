// One record to ask a size policy about: an outsize_policy_input that owns what it points to.
//
// Thread rule: one thread while it is built; any number may read it afterwards.
#pragma once

#include <outsize/abi/size_policy.h>

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace outsize::suite {

/// Starts as a record of 40 MiB without key and headers, on a segment of 32 MiB, in a quiet log without blob stores.
/// Members of `input` that hold plain numbers are set directly; what needs storage has a function.
class policy_question {
public:
  policy_question();
  policy_question(const policy_question &) = delete;
  policy_question &operator=(const policy_question &) = delete;

  /// Also sets entry_bytes: payload and entry_overhead_bytes, or the largest number when that does not fit.
  policy_question &payload(std::uint64_t bytes);
  /// The segment's message limit: sets entry_bytes_max to what is left for an entry, and the policy limit to it.
  policy_question &segment_limit(std::uint64_t bytes);
  policy_question &log(const std::string &name);
  policy_question &producer(const std::string &name);
  policy_question &key(const std::string &bytes);
  policy_question &header(const std::string &name, const std::string &value);
  policy_question &blob_store(const std::string &name, std::uint32_t state, std::uint64_t free_bytes = UINT64_MAX);

  /// Room that a newer host's structs would take: the tails are filled with 0xff, the sizes and strides grow.
  policy_question &from_newer_host();

  /// What decide is given; lives as long as this object.
  [[nodiscard]] const outsize_policy_input &asked() const {
    return *reinterpret_cast<const outsize_policy_input *>(raw_.data());
  }

  static constexpr std::uint64_t entry_overhead_bytes = 96;   ///< of a record without key and headers
  static constexpr std::uint64_t message_overhead_bytes = 64; ///< of a message that carries one entry

  /// The question itself, for the plain numbers.
  outsize_policy_input &input() { return *reinterpret_cast<outsize_policy_input *>(raw_.data()); }

private:
  const char *keep(const std::string &text);
  void lay_out_stores();

  std::vector<std::uint64_t> raw_;    // outsize_policy_input and the tail of a newer one
  std::vector<std::uint64_t> stores_; // outsize_blob_store_state at the stride of the host
  std::deque<std::string> texts_;
  std::vector<outsize_header> headers_;
  std::vector<outsize_blob_store_state> states_;
  std::size_t newer_words_ = 0;
};

} // namespace outsize::suite
