#include "host/sequencer/next_segment.hpp"

#include <fmt/format.h>

#include <utility>

namespace outsize::host {

limit_and_owner limit_of_next(const log_record &log, const cluster_view &view, const segment_opener &opener,
                              const std::vector<limit_and_owner> &shown) {
  std::vector<std::string> concerned = log.nodeset;
  concerned.push_back(opener.node);
  limit_and_owner smallest = segment_limit_of(view, concerned);
  for (const limit_and_owner &one : shown) {
    smallest = one.bytes < smallest.bytes ? one : smallest;
  }
  return smallest;
}

std::optional<std::string> unregistered_members(const log_record &log, const cluster_view &view) {
  std::size_t registered = 0;
  std::string missing;
  for (const std::string &name : log.nodeset) {
    if (view.node(name) != nullptr) {
      ++registered;
    } else {
      missing += (missing.empty() ? "" : ", ") + name;
    }
  }
  if (registered >= log.replication) {
    return std::nullopt;
  }
  return fmt::format("{} of {} log servers have registered, {} must; waits for {}", registered, log.nodeset.size(),
                     log.replication, missing);
}

log_record with_next_segment(log_record log, offset_t end, const limit_and_owner &limit, const segment_opener &opener) {
  segment_record next;
  if (!log.chain.empty()) {
    log.chain.back().end = end;
    next.index = log.chain.back().index + 1;
  }
  next.base = end;
  next.generation = opener.generation;
  next.sequencer = opener.node;
  next.nodeset = log.nodeset;
  next.replication = log.replication;
  next.segment_limit_bytes = limit.bytes;
  next.limit_owner = limit.owner;
  log.chain.push_back(std::move(next));
  return log;
}

} // namespace outsize::host
