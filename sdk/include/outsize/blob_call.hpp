// What both sides of a blob store share: the deadline of a call, what is known of a blob, which keys are legal.
//
// Thread rule: plain values; distinct objects may be used from any thread.
#pragma once

#include <outsize/abi/blob_store.h>
#include <outsize/result.hpp>
#include <outsize/time.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace outsize {

/// When a call has to give up: at its deadline, or when the host raises the flag.
struct blob_call {
  time_point deadline = never;
  const volatile std::uint32_t *cancel = nullptr; ///< not 0: give up; may be null

  static blob_call from(const outsize_blob_call &raw) { return {time_from_abi(raw.deadline_ns), raw.cancel}; }
  [[nodiscard]] outsize_blob_call raw() const { return {sizeof(outsize_blob_call), 0, to_abi(deadline), cancel}; }

  [[nodiscard]] bool cancelled() const {
    return cancel != nullptr && __atomic_load_n(cancel, __ATOMIC_RELAXED) != 0; // raised by another thread
  }
  /// To be asked between two steps (rule B-04): cancelled or timed_out when the call has to end now.
  [[nodiscard]] result<void> check(time_point now) const {
    if (cancelled()) {
      return make_error(code::cancelled, "the call to the blob store was withdrawn");
    }
    if (now >= deadline) {
      return make_error(code::timed_out, "the blob store took longer than the call allows");
    }
    return {};
  }
};

struct blob_info {
  std::uint64_t size = 0;
  std::uint64_t modified_unix_s = 0; ///< wall clock of the store

  static blob_info from(const outsize_blob_info &raw) { return {raw.size, raw.modified_unix_s}; }
  [[nodiscard]] outsize_blob_info raw() const { return {sizeof(outsize_blob_info), 0, size, modified_unix_s}; }
};

/// The rule for keys in <outsize/abi/blob_store.h>; a key that keeps it can be a path below a folder.
constexpr bool valid_blob_key(std::string_view key) {
  if (key.empty() || key.size() > OUTSIZE_BLOB_KEY_BYTES_MAX) {
    return false;
  }
  std::size_t part_begin = 0;
  for (std::size_t i = 0; i <= key.size(); ++i) {
    if (i == key.size() || key[i] == '/') {
      const std::string_view part = key.substr(part_begin, i - part_begin);
      if (part.empty() || part.size() > OUTSIZE_BLOB_KEY_PART_BYTES_MAX || part == "." || part == "..") {
        return false;
      }
      part_begin = i + 1;
      continue;
    }
    const char c = key[i];
    const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!word && c != '.' && c != '_' && c != '-') {
      return false;
    }
  }
  return true;
}

/// Rule B-07, for whoever is handed a key.
inline result<void> check_blob_key(std::string_view key) {
  if (!valid_blob_key(key)) {
    return make_error(code::invalid_argument, "\"" + std::string(key) + "\" is not a legal blob key");
  }
  return {};
}

} // namespace outsize
