// Fragments of a split record as a log server answered them: those that can be trusted.
//
// Thread rule: pure function.
#pragma once

#include "host/segment/large_description.hpp"

#include <outsize/buffer.hpp>
#include <outsize/wire/messages.hpp>

#include <cstdint>
#include <string>

namespace outsize::host {

struct fragment_run {
  rope bytes;            ///< of the payload, without a gap, from the first index asked for on
  std::string complaint; ///< why it ends where it does; empty when all came that were sent
};

/// The leading fragments of `answer` from `first` on; stops at the first that is missing, damaged or of something else.
fragment_run take_fragments(const wire::set_fetched &answer, const rope &payload, const large_description &record,
                            std::uint32_t first);

/// Payload bytes that fragment `index` of the record has.
std::uint64_t fragment_bytes_of(const wire::split_record &record, std::uint32_t index);

} // namespace outsize::host
