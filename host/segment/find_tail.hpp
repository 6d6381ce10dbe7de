// Where a sealed segment ends.
//
// Every committed entry is on a write quorum, and every write quorum has a member among any f servers (an f-majority).
// So of the local tails of the servers that sealed, the f-th smallest is a proven bound: an offset at or above it is
// missing on f of them, was never committed, and never will be. The highest local tail is the furthest the segment can
// be taken to have got. The end may be any offset between the two; the highest keeps most.
//
// Thread rule: pure functions.
#pragma once

#include "host/segment/seal.hpp"

namespace outsize::host {

struct sealed_tail {
  offset_t committed = wire::no_offset; ///< highest global tail that anybody knows: nothing to repair below
  offset_t lowest = wire::no_offset;    ///< nothing at or above it was ever committed
  offset_t highest = wire::no_offset;   ///< nobody who sealed holds anything at or above it
};

/// Only with at least task.f_majority() states.
sealed_tail find_sealed_tail(const segment_task &task, const segment_seal::states &sealed);

} // namespace outsize::host
