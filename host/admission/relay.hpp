// What a node that only passes appends on may say about the size of a record that comes whole. Not its log's limit:
// that belongs to the open segment, and what this node has heard of it may be a segment old. Its own room for the
// record is all it can be sure of; the sequencer's node decides the rest.
//
// A record that comes in pieces has no size that such a node minds: it holds a window of it (append_streams).
//
// Thread rule: pure functions.
#pragma once

#include "host/admission/admission.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace outsize::host {

/// The two nodes of a record on its way, and the log it is for.
struct relay_path {
  std::string log;
  std::string node;             ///< passes it on
  std::string sequencer_node;   ///< decides
  std::uint64_t room_bytes = 0; ///< largest message that `node` can hold until it is passed on
};

/// The refusal of a record that the node cannot hold; nothing when it can.
std::optional<wire::refusal> refuses_to_relay(const record_facts &record, const relay_path &path);

} // namespace outsize::host
