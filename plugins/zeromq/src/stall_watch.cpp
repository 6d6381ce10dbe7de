#include "stall_watch.hpp"

#include "limits.hpp"

#include <algorithm>
#include <utility>

namespace outsize::zeromq {

std::vector<outsize_link>
stall_watch::look(const budget &memory, const std::function<std::uint64_t(outsize_link)> &progress, time_point now) {
  std::vector<outsize_link> stalled;
  next_ = never;
  if (!memory.anyone_waits()) {
    marks_.clear();
    return stalled;
  }
  std::unordered_map<outsize_link, mark> marks;
  for (const outsize_link holder : memory.holders()) {
    const std::uint64_t bytes = progress(holder);
    const auto known = marks_.find(holder);
    mark one = known == marks_.end() ? mark{bytes, now} : known->second;
    if (bytes >= one.bytes + stall_bytes_min) {
      one = {bytes, now};
    } else if (now >= one.since + timeout_) {
      stalled.push_back(holder);
      one.since = now;
    }
    next_ = std::min(next_, one.since + timeout_);
    marks.emplace(holder, one);
  }
  marks_ = std::move(marks);
  return stalled;
}

} // namespace outsize::zeromq
