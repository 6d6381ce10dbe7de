// Payloads for records, and the arithmetic of their sizes as the sdk has it.
//
// Thread rule: pure functions.
#pragma once

#include <outsize/buffer.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace outsize::test {

/// `bytes` bytes that depend on `seed`, so that no two records are alike.
rope payload_of(std::uint64_t bytes, std::uint64_t seed);
/// `count` payloads of the same size, with seeds from 0 on.
std::vector<rope> payloads_of(std::uint64_t count, std::uint64_t bytes);
/// Fails the test when it cannot be written.
void write_file(const std::string &path, const rope &content);

/// The smallest message that can carry a record with this payload, without key and headers, to wherever it may have to
/// go: what a limit is compared with.
std::uint64_t message_bytes_of(std::uint64_t payload_bytes);
/// The largest such payload under `message_limit_bytes`.
std::uint64_t payload_bytes_max(std::uint64_t message_limit_bytes);

} // namespace outsize::test
