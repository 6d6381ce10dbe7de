// Turns the answer to a fetch into stores: one per run of consecutive offsets.
//
// Thread rule: free functions without state.
#pragma once

#include "host/storage/storage.hpp"

#include <outsize/result.hpp>
#include <outsize/wire/messages.hpp>

#include <vector>

namespace outsize::host {

struct fetched_run {
  wire::store message; ///< segment, first and entry headers; the rest is the caller's
  rope payload;
};

/// `malformed` when entries lie outside of `asked`, are out of order, or do not fill the payload.
result<std::vector<fetched_run>> runs_of(const wire::fetched &answer, const rope &payload, const offset_range &asked);

} // namespace outsize::host
