#include "host/segment/find_tail.hpp"

#include "host/core/check.hpp"

#include <algorithm>
#include <vector>

namespace outsize::host {

sealed_tail find_sealed_tail(const segment_task &task, const segment_seal::states &sealed) {
  OUTSIZE_CHECK(task.f_majority() >= 1 && sealed.size() >= task.f_majority(), "L6: a tail is found after the seal");
  sealed_tail found;
  found.committed = std::max(task.base, task.known_tail);
  std::vector<offset_t> local_tails;
  for (const auto &[node, state] : sealed) {
    found.committed = std::max(found.committed, state.global_tail);
    local_tails.push_back(state.local_tail); // no_offset where the segment was never heard of
  }
  std::sort(local_tails.begin(), local_tails.end());
  // What is known committed is below the end, whoever has lost it: repair will say so.
  found.lowest = std::max(found.committed, local_tails[task.f_majority() - 1]);
  found.highest = std::max(found.committed, local_tails.back());
  return found;
}

} // namespace outsize::host
