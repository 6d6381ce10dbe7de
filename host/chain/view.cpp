#include "host/chain/records.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace outsize::host {

const segment_record *log_record::find(offset_t offset) const {
  const auto after =
      std::upper_bound(chain.begin(), chain.end(), offset,
                       [](offset_t sought, const segment_record &segment) { return sought < segment.base; });
  if (after == chain.begin()) {
    return nullptr;
  }
  const segment_record &segment = *std::prev(after);
  return !segment.end.has_value() || offset < *segment.end ? &segment : nullptr;
}

const node_record *cluster_view::node(const std::string &name) const {
  const auto found = nodes.find(name);
  return found == nodes.end() ? nullptr : &found->second.record;
}

const versioned<log_record> *cluster_view::log(const std::string &name) const {
  const auto found = logs.find(name);
  return found == logs.end() ? nullptr : &found->second;
}

const log_record *cluster_view::log_by_id(std::uint64_t id) const {
  for (const auto &[name, log] : logs) {
    if (log.record.id == id) {
      return &log.record;
    }
  }
  return nullptr;
}

limit_and_owner segment_limit_of(const cluster_view &view, const std::vector<std::string> &nodeset) {
  limit_and_owner smallest;
  for (const std::string &name : nodeset) {
    const node_record *member = view.node(name);
    if (member != nullptr && (smallest.bytes == 0 || member->message_limit_bytes < smallest.bytes)) {
      smallest = {member->message_limit_bytes, name};
    }
  }
  return smallest;
}

limit_and_owner format_limit_of(const cluster_view &view, const std::string &node) {
  limit_and_owner largest;
  for (const auto &[name, log] : view.logs) {
    for (const segment_record &segment : log.record.chain) {
      const bool member = std::find(segment.nodeset.begin(), segment.nodeset.end(), node) != segment.nodeset.end();
      const bool live = !segment.end.has_value() || *segment.end > std::max(segment.base, log.record.trim_point + 1);
      if (member && live && segment.segment_limit_bytes > largest.bytes) {
        largest = {segment.segment_limit_bytes, fmt::format("{} segment {}", name, segment.index)};
      }
    }
  }
  return largest;
}

} // namespace outsize::host
