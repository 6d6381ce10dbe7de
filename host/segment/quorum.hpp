// How many log servers are enough, for what.
//
// Thread rule: pure functions.
#pragma once

#include <cstddef>

namespace outsize::host {

/// Of `members`, `replication` hold each entry. Whoever asks so many members meets at least one of every write quorum.
constexpr std::size_t f_majority(std::size_t members, std::size_t replication) {
  return members - replication + 1;
}
static_assert(f_majority(3, 2) == 2 && f_majority(3, 3) == 1 && f_majority(1, 1) == 1);

} // namespace outsize::host
