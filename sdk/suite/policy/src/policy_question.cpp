#include <outsize/suite/policy_question.hpp>

#include <cstring>

namespace outsize::suite {

namespace {

constexpr std::size_t words_of(std::size_t bytes) {
  return (bytes + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t);
}

} // namespace

policy_question::policy_question() : raw_(words_of(sizeof(outsize_policy_input))) {
  input().struct_size = sizeof(outsize_policy_input);
  input().blob_store_bytes = sizeof(outsize_blob_store_state);
  input().fragment_overhead_bytes = 128;
  input().commit_entry_bytes = 512;
  input().reference_entry_bytes = 640;
  input().fragments_max = 65536;
  log("orders").producer("").segment_limit(32U << 20U).payload(40U << 20U);
}

const char *policy_question::keep(const std::string &text) {
  return texts_.emplace_back(text).c_str();
}

policy_question &policy_question::payload(std::uint64_t bytes) {
  input().payload_bytes = bytes;
  input().entry_bytes = bytes > UINT64_MAX - entry_overhead_bytes ? UINT64_MAX : bytes + entry_overhead_bytes;
  return *this;
}

policy_question &policy_question::segment_limit(std::uint64_t bytes) {
  input().segment_limit_bytes = bytes;
  input().entry_bytes_max = bytes < message_overhead_bytes ? 0 : bytes - message_overhead_bytes;
  input().policy_limit_bytes = bytes;
  return *this;
}

policy_question &policy_question::log(const std::string &name) {
  input().log = keep(name);
  return *this;
}

policy_question &policy_question::producer(const std::string &name) {
  input().producer = keep(name);
  return *this;
}

policy_question &policy_question::key(const std::string &bytes) {
  input().key = reinterpret_cast<const std::uint8_t *>(keep(bytes));
  input().key_bytes = bytes.size();
  return *this;
}

policy_question &policy_question::header(const std::string &name, const std::string &value) {
  const char *kept_name = keep(name);
  const char *kept_value = keep(value);
  headers_.push_back({kept_name, name.size(), reinterpret_cast<const std::uint8_t *>(kept_value), value.size()});
  input().headers = headers_.data();
  input().header_count = static_cast<std::uint32_t>(headers_.size());
  return *this;
}

policy_question &policy_question::blob_store(const std::string &name, std::uint32_t state, std::uint64_t free_bytes) {
  states_.push_back({sizeof(outsize_blob_store_state), state, keep(name), free_bytes});
  lay_out_stores();
  return *this;
}

policy_question &policy_question::from_newer_host() {
  newer_words_ = 8;
  raw_.resize(words_of(sizeof(outsize_policy_input)) + newer_words_, UINT64_MAX);
  input().struct_size = static_cast<std::uint32_t>(raw_.size() * sizeof(std::uint64_t));
  lay_out_stores();
  return *this;
}

void policy_question::lay_out_stores() {
  const std::size_t stride = words_of(sizeof(outsize_blob_store_state)) + newer_words_;
  stores_.assign(states_.size() * stride, UINT64_MAX);
  for (std::size_t i = 0; i < states_.size(); ++i) {
    outsize_blob_store_state state = states_[i];
    state.struct_size = static_cast<std::uint32_t>(stride * sizeof(std::uint64_t));
    std::memcpy(&stores_[i * stride], &state, sizeof state);
  }
  input().blob_store_bytes = static_cast<std::uint32_t>(stride * sizeof(std::uint64_t));
  input().blob_store_count = static_cast<std::uint32_t>(states_.size());
  input().blob_stores = states_.empty() ? nullptr : reinterpret_cast<const outsize_blob_store_state *>(stores_.data());
}

} // namespace outsize::suite
