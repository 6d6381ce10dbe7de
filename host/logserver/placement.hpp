// Where the entries of a store go: the order rule of a log server, as arithmetic on a segment's row.
//
// Thread rule: free functions without state.
#pragma once

#include "host/logserver/store_check.hpp"
#include "host/storage/storage.hpp"

#include <cstddef>
#include <functional>
#include <vector>

namespace outsize::host {

/// How many holes a segment may have: they are written with every commit. A server that has more catches up first.
inline constexpr std::size_t holes_max = 256;

/// Is the offset below the local tail and neither trimmed nor missing?
bool is_held(const segment_row &row, offset_t offset);
/// Takes the stretch out of the holes.
void fill_holes(segment_row &row, const offset_range &filled);
/// Everything below `base` counts as not missing, and the local tail is there at least.
void start_at(segment_row &row, offset_t base);
/// Everything at or below `point` counts as trimmed. Only forward.
void trim_to(segment_row &row, offset_t point);

/// What becomes of the entries of one store, by their index in it. Trimmed ones are in none of the lists.
struct placement {
  std::vector<std::size_t> fresh;     ///< to be written
  std::vector<std::size_t> in_flight; ///< submitted already, to be compared with what was submitted
  std::vector<std::size_t> durable;   ///< held already, to be compared with what is on disk
  segment_row row;                    ///< afterwards
};

/// `accepted` is the row that holds once everything in flight is durable. Failures:
///   out_of_order  a gap that does not lie below the global tail
///   overloaded    one hole more than holes_max
result<placement> place(const segment_row &accepted, const checked_store &store,
                        const std::function<bool(offset_t)> &is_in_flight);

} // namespace outsize::host
