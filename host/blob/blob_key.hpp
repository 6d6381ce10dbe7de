// Under which keys a cluster keeps its blobs.
//
// A key is LOG/SEGMENT/GENERATION-NUMBER in decimal: "7/3/12-401" is the blob that the sequencer of generation 12 gave
// the number 401 in segment 3 of log number 7. A key is never used twice, whatever restarts: a log's number is never
// reused, a node's generation grows with each start, a segment has one sequencer's node, and while that runs it counts.
// Keys that do not begin with a digit are the host's own.
//
// Thread rule: pure functions.
#pragma once

#include <outsize/wire/types.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace outsize::host {

/// `number` is the caller's to count; it may not be used twice by one sequencer of one generation.
std::string blob_key(const wire::segment_id &segment, wire::generation_t generation, std::uint64_t number);

/// What the keys of all blobs of a log begin with, and no other key does.
std::string blob_prefix(std::uint64_t log);

/// Where a store's marker is; see blob_marker.hpp.
inline constexpr std::string_view blob_marker_key = "outsize/marker";

} // namespace outsize::host
