// The next link of a log's chain: where it begins, under which limits, and what must be known before it can be written.
//
// Thread rule: pure functions.
#pragma once

#include "host/chain/records.hpp"

#include <optional>
#include <string>
#include <vector>

namespace outsize::host {

/// Who opens it.
struct segment_opener {
  std::string node;
  generation_t generation = 0;
};

/// The smallest message limit that a member of the log's nodeset, or the sequencer's own node, registered or showed
/// otherwise, and whose it is: every store crosses a link of both.
limit_and_owner limit_of_next(const log_record &log, const cluster_view &view, const segment_opener &opener,
                              const std::vector<limit_and_owner> &shown);

/// Which members of the nodeset have never registered, when too few have for a write quorum: the limit of the segment
/// would be a guess. Nothing when enough have.
std::optional<std::string> unregistered_members(const log_record &log, const cluster_view &view);

/// `log` with its last segment ended at `end` and an open one behind it.
log_record with_next_segment(log_record log, offset_t end, const limit_and_owner &limit, const segment_opener &opener);

} // namespace outsize::host
