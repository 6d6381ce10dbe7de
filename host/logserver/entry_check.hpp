// Is an entry that came off the disk what was once written there?
//
// Thread rule: free functions without state.
#pragma once

#include "host/storage/storage.hpp"

#include <outsize/result.hpp>
#include <outsize/wire/types.hpp>

namespace outsize::host {

/// Its header, when it is intact and belongs to this segment and offset; else `checksum_mismatch`.
result<wire::entry_header> check_entry_header(const segment_id &segment, const read_entry &entry);
/// The same, with the bytes behind the header verified.
result<wire::entry_header> check_whole_entry(const segment_id &segment, const read_entry &entry);

/// The stretches of an entry that was checked.
buffer header_of(const read_entry &entry);
buffer body_of(const read_entry &entry);

} // namespace outsize::host
