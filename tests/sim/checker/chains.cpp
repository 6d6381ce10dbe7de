#include "sim/checker/chains.hpp"

#include <algorithm>
#include <string_view>

namespace outsize::sim {

namespace {
/// A node may be so far behind the metadata store: a link that is blocked for as long as links are let live.
constexpr duration view_delay_max = std::chrono::seconds(15);
} // namespace

void chains::on_value(const std::string &key, const std::string &value) {
  constexpr std::string_view item = "metadata/item/";
  if (!key.starts_with(item)) {
    return;
  }
  const std::string name = key.substr(item.size());
  const std::string json = value.substr(value.find('\n') + 1);
  if (name.starts_with("log/")) {
    if (const auto log = host::decode_log_record(json); log) {
      on_log(log.value());
    } else {
      found_.add("form", "metadata: {} cannot be read: {}", key, log.error().text);
    }
  } else if (name.starts_with("node/")) {
    if (const auto node = host::decode_node_record(json); node) {
      const auto before = nodes_.find(node->name);
      if (before != nodes_.end() && before->second.node.generation >= node->generation) {
        found_.add("L1", "node {} was given generation {} after {}", node->name, node->generation,
                   before->second.node.generation);
      }
      nodes_[node->name] = {node.value(), found_.now()};
    } else {
      found_.add("form", "metadata: {} cannot be read: {}", key, node.error().text);
    }
  }
}

void chains::on_log(const host::log_record &now) {
  const auto before = logs_.find(now.name);
  if (before != logs_.end()) {
    check_growth(before->second, now);
  }
  const std::size_t known = before == logs_.end() ? 0 : before->second.chain.size();
  for (std::size_t i = known; i < now.chain.size(); ++i) {
    seen_.add(i == 0 ? "chain/first-segment" : "chain/next-segment");
    check_opening(now, now.chain[i]);
  }
  logs_[now.name] = now;
}

void chains::check_growth(const host::log_record &before, const host::log_record &now) {
  if (now.id != before.id || now.chain.size() < before.chain.size()) {
    found_.add("L1", "log {}: its chain got shorter, or its number changed", now.name);
    return;
  }
  for (std::size_t i = 0; i < before.chain.size(); ++i) {
    host::segment_record was = before.chain[i];
    if (!was.end.has_value()) {
      was.end = now.chain[i].end;
    }
    if (was != now.chain[i]) {
      found_.add("L6", "log {}: segment {} changed after it was written", now.name, i);
    }
  }
}

void chains::check_opening(const host::log_record &log, const host::segment_record &opened) {
  if (opened.index > 0) {
    const host::segment_record &last = log.chain[opened.index - 1];
    if (last.end != opened.base || *last.end < last.base || opened.generation < last.generation) {
      found_.add("L1", "log {}: segment {} does not continue segment {}", log.name, opened.index, last.index);
    }
  }
  const bool one_open = opened.index + 1 == log.chain.size() && !opened.end.has_value();
  if (!one_open) {
    found_.add("L1", "log {}: segment {} was not opened at the end of the chain", log.name, opened.index);
  }
  for (const std::string &member : opened.nodeset) {
    const auto registered = nodes_.find(member);
    if (registered == nodes_.end()) {
      continue;
    }
    const registration &known = registered->second;
    // A member that registers in the same moment is one that came back with a lower limit (Z8).
    if (opened.segment_limit_bytes > known.node.message_limit_bytes && found_.now() > known.at + view_delay_max) {
      found_.add("Z1", "log {}: segment {} opened with limit {} above the {} of its member {}", log.name, opened.index,
                 opened.segment_limit_bytes, known.node.message_limit_bytes, member);
    }
  }
}

const host::log_record *chains::find(const std::string &log) const {
  const auto found = logs_.find(log);
  return found == logs_.end() ? nullptr : &found->second;
}

const host::node_record *chains::node(const std::string &name) const {
  const auto found = nodes_.find(name);
  return found == nodes_.end() ? nullptr : &found->second.node;
}

const host::segment_record *chains::segment(const segment_id &id) const {
  for (const auto &[name, log] : logs_) {
    if (log.id == id.log) {
      return id.index < log.chain.size() ? &log.chain[id.index] : nullptr;
    }
  }
  return nullptr;
}

std::optional<segment_id> chains::holding(const std::string &log, offset_t offset) const {
  const host::log_record *record = find(log);
  if (record == nullptr) {
    return std::nullopt;
  }
  for (auto at = record->chain.rbegin(); at != record->chain.rend(); ++at) {
    if (at->base <= offset) {
      return record->id_of(*at);
    }
  }
  return std::nullopt;
}

} // namespace outsize::sim
