#include "host/logserver/placement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace outsize::host {
namespace {

error out_of_order(const segment_row &row, const checked_store &store) {
  return make_error(
      code::out_of_order,
      fmt::format("{}: a store of [{}, {}) does not continue the local tail {}, and the global tail is {}",
                  name_of(store.message.segment), store.message.first, store.end(), row.local_tail, row.global_tail));
}

/// A gap is legal where it is committed elsewhere; what catches up may not go beyond that either.
result<void> check_order(const segment_row &row, const checked_store &store) {
  if (store.message.first > row.local_tail && store.message.first > row.global_tail) {
    return out_of_order(row, store);
  }
  if (store.is_catch_up() && store.end() > row.global_tail) {
    return out_of_order(row, store);
  }
  if (store.message.first > row.local_tail && row.holes.size() >= holes_max) {
    return make_error(code::overloaded,
                      fmt::format("{}: {} stretches below the local tail are missing here already",
                                  name_of(store.message.segment), row.holes.size()),
                      "the server catches up by itself; see outsize status");
  }
  return {};
}

} // namespace

bool is_held(const segment_row &row, offset_t offset) {
  const auto beyond = std::upper_bound(row.holes.begin(), row.holes.end(), offset,
                                       [](offset_t value, const offset_range &hole) { return value < hole.to; });
  const bool missing = beyond != row.holes.end() && beyond->from <= offset;
  return offset < row.local_tail && offset > row.trim_point && !missing;
}

void fill_holes(segment_row &row, const offset_range &filled) {
  std::vector<offset_range> left;
  for (const offset_range &hole : row.holes) {
    if (hole.from < std::min(hole.to, filled.from)) {
      left.push_back({hole.from, std::min(hole.to, filled.from)});
    }
    if (std::max(hole.from, filled.to) < hole.to) {
      left.push_back({std::max(hole.from, filled.to), hole.to});
    }
  }
  row.holes = std::move(left);
}

void start_at(segment_row &row, offset_t base) {
  row.local_tail = std::max(row.local_tail, base);
  fill_holes(row, {0, base});
}

void trim_to(segment_row &row, offset_t point) {
  if (point > row.trim_point) {
    row.trim_point = point;
    start_at(row, point + 1);
  }
}

result<placement> place(const segment_row &accepted, const checked_store &store,
                        const std::function<bool(offset_t)> &is_in_flight) {
  placement made;
  made.row = accepted;
  if (auto ordered = check_order(accepted, store); !ordered) {
    return std::move(ordered).error();
  }
  for (std::size_t at = 0; at < store.entries.size(); ++at) {
    const offset_t offset = store.entries[at].offset;
    if (offset <= accepted.trim_point) {
      continue;
    }
    if (!is_held(accepted, offset)) {
      made.fresh.push_back(at);
    } else {
      (is_in_flight(offset) ? made.in_flight : made.durable).push_back(at);
    }
  }
  if (store.message.first > accepted.local_tail) {
    made.row.holes.push_back({accepted.local_tail, store.message.first});
  }
  if (!made.row.holes.empty()) {
    fill_holes(made.row, {store.message.first, store.end()});
  }
  made.row.local_tail = std::max(accepted.local_tail, store.end());
  return made;
}

} // namespace outsize::host
