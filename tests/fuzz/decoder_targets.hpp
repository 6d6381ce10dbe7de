// What is fuzzed: each decoder of sdk/wire as a function of bytes that anybody may have sent.
//
// Thread rule: free functions without state.
#pragma once

#include <outsize/buffer.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace outsize::fuzz {

struct decoder_target {
  std::string name;
  buffer seed; ///< a vector that the decoder reads
  /// Decodes. What was read must encode, and be read back as the same. Returns what is wrong; empty: nothing.
  std::function<std::string(const buffer &bytes)> round_trip;
  /// Decodes and forgets. True when it was read.
  std::function<bool(const buffer &bytes)> decode;
  /// What decoding so many bytes may allocate.
  std::function<std::uint64_t(std::uint64_t bytes)> memory_bytes_max;
};

/// Envelope, every kind of message, entry header, record header, bodies of entries.
const std::vector<decoder_target> &decoder_targets();

} // namespace outsize::fuzz
