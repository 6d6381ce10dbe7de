// Records that a test makes up from a number: the number tells size and bytes, so that a reader can check every bit of
// what comes back without anybody having kept it.
//
// Thread rule: pure functions.
#pragma once

#include <outsize/client/client.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace outsize::faults {

/// The record `id`, of that many payload bytes, 16 MiB at most. Its id is its key.
client::record make_record(std::uint64_t id, std::uint64_t bytes);
/// The id of a record made here; nothing for any other.
std::optional<std::uint64_t> id_of(const client::read_record &record);
/// Are these the payload bytes of record `id`?
bool is_payload_of(std::uint64_t id, std::uint64_t bytes, const rope &payload);

} // namespace outsize::faults
