// Appends from clients: to this node's sequencer, or on to the node that has it.
//
// Thread rule: the node's loop thread.
#pragma once

#include "host/node/context.hpp"
#include "host/node/log_keeper.hpp"

#include <optional>

namespace outsize::host {

/// The node that holds the log's sequencer cannot be reached from this one.
error unreachable_sequencer(const std::string &node, const std::string &log);
/// Two nodes that point at each other would pass an append to and fro: the second one, `here`, says no.
error passed_on_twice(const std::string &log, const std::string &sequencer_node, const std::string &here);

class append_service {
public:
  append_service(node_context &node, log_keeper &logs) : node_(node), logs_(logs) {}

  /// May the rest of a large append come? On the sequencer's node the one record in it is judged at once.
  [[nodiscard]] wire::large_decision on_large(const wire::large_offer &offer) const;
  void on_append(wire::incoming &&request);
  void on_find_tail(const wire::incoming &request);
  /// The log as the metadata has it. Errors: metadata_unavailable, unknown_log.
  [[nodiscard]] result<const log_record *> find_log(const std::string &name) const;
  /// The log's global tail: from the sequencer here, or asked of the node that has it.
  void find_tail(const std::string &log, time_point deadline, std::function<void(result<wire::tail>)> then);

  /// Refuses new appends from now on.
  void begin_drain() { draining_ = true; }
  /// Appends taken and not yet answered.
  [[nodiscard]] std::uint64_t in_flight() const { return in_flight_; }

private:
  void append_here(log_sequencer &sequencer, wire::append message, const rope &payload, const asker &to);
  void relay(const std::string &sequencer_node, wire::append message, rope payload, const asker &to);
  /// Before any payload is taken: what the sequencer here says of it, or this node if it only passes it on.
  [[nodiscard]] std::optional<wire::refusal> refuses(const log_record &log, const record_facts &record) const;
  void refuse(const asker &to, const std::string &log, std::size_t records, const error &why) const;
  [[nodiscard]] time_point deadline_of(std::uint64_t time_left_ms) const;

  node_context &node_;
  log_keeper &logs_;
  bool draining_ = false;
  std::uint64_t in_flight_ = 0;
};

} // namespace outsize::host
