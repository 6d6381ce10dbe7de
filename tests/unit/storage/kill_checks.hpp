// What must hold of a store that died while kill entries were written.
#pragma once

#include "disk_subject.hpp"
#include "kill_entries.hpp"

#include <vector>

namespace outsize::test {

/// Entry and row are written together: every fragment below the tail has its row, and nothing has one without its
/// entry.
inline void check_fragment_rows(host::storage &store, host::offset_t tail) {
  for (std::uint64_t set = 1; set <= kill_set_of(tail) + 1; ++set) {
    std::vector<host::fragment_place> expected;
    const host::offset_t first = (set - 1) * kill_set_offsets;
    for (host::offset_t at = std::max<host::offset_t>(first, 1); at < std::min(first + kill_set_offsets, tail); ++at) {
      if (is_kill_fragment(at)) {
        expected.push_back({kill_index_of(at), at});
      }
    }
    const auto found = find_now(store, {kill_segment, set, 0, UINT32_MAX, 0});
    REQUIRE(found.has_value());
    REQUIRE((found->places == expected));
  }
}

} // namespace outsize::test
