#include "sim/checker/status_check.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace outsize::sim {

using nlohmann::json;

void status_check::look(const std::string &status, const status_bounds &bounds, bool settled) {
  const json told = json::parse(status);
  const std::string node = told.at("node");
  for (const json &log : told.at("logs")) {
    if (log.contains("sequencer")) {
      look_at_log(node, told.at("generation"), log, bounds, settled);
    }
  }
  look_at_server(node, told.at("log_server"), bounds);
}

void status_check::look_at_log(const std::string &node, std::uint64_t generation, const json &log,
                               const status_bounds &bounds, bool settled) {
  const std::string name = log.at("log");
  const json &sequencer = log.at("sequencer");
  const host::log_record *record = chains_.find(name);
  check_budgets(name, sequencer, bounds);
  if (sequencer.at("state") != "open" || record == nullptr) {
    return;
  }
  const std::uint32_t index = sequencer.at("segment");
  if (index >= record->chain.size()) {
    found_.add("L1", "{}: log {} is open in segment {}, its chain has {}", node, name, index, record->chain.size());
    return;
  }
  const host::segment_record &segment = record->chain[index];
  if (sequencer.at("limits").at("segment_limit_bytes") != segment.segment_limit_bytes) {
    found_.add("Z1", "{}: log {} segment {} goes by a limit of {}, its chain says {}", node, name, index,
               sequencer.at("limits").at("segment_limit_bytes").dump(), segment.segment_limit_bytes);
  }
  check_tails(node, generation, name, sequencer);
  if (settled && index + 1 == record->chain.size()) {
    check_alarms(name, segment, sequencer, bounds);
  }
}

void status_check::check_tails(const std::string &node, std::uint64_t generation, const std::string &log,
                               const json &sequencer) {
  const offset_t tail = sequencer.at("global_tail");
  const offset_t next = sequencer.at("next_offset");
  const segment_id segment{chains_.find(log)->id, sequencer.at("segment")};
  if (tail > copies_.quorum_tail(segment) || next < tail) {
    found_.add("L4",
               "{}: log {} has its tail at {} and gives offset {} next, but only what is below {} is on a write "
               "quorum",
               node, log, tail, next, copies_.quorum_tail(segment));
  }
  offset_t &before = tails_[{log, generation}];
  if (tail < before) {
    found_.add("L5", "{}: log {} had its tail at {}, now it is {}", node, log, before, tail);
  }
  before = std::max(before, tail);
}

void status_check::check_budgets(const std::string &log, const json &sequencer, const status_bounds &bounds) {
  const std::uint64_t in_flight = sequencer.at("bytes_in_flight");
  // One record is let in whatever it has, when it is alone.
  const bool is_alone = sequencer.at("appends_in_flight") == 1;
  const std::uint64_t alone = is_alone ? bounds.payload_bytes_max + bounds.message_bytes_max : 0;
  const std::uint64_t in_flight_max = std::max(bounds.sequencer.in_flight_bytes, alone);
  if (in_flight > in_flight_max) {
    found_.add("Z9", "log {}: {} bytes are in flight, {} may be", log, in_flight, in_flight_max);
  }
  check_large(log, sequencer, bounds);
  for (const json &server : sequencer.at("nodes")) {
    const std::uint64_t outstanding = server.at("bytes_in_flight");
    const std::uint64_t most = std::max(bounds.sequencer.server_outstanding_bytes, bounds.message_bytes_max);
    if (outstanding > most) {
      found_.add("Z9", "log {}: {} was sent {} bytes without an answer, {} may be", log,
                 server.at("node").get<std::string>(), outstanding, most);
    }
  }
  for (const char *size : {"too_large", "header_too_large"}) {
    if (sequencer.at("waves_retried").contains(size) && !bounds.stores_are_refused) {
      found_.add("Z5", "log {}: {} waves were tried again after {}", log, sequencer.at("waves_retried").at(size).dump(),
                 size);
    }
  }
}

void status_check::check_large(const std::string &log, const json &sequencer, const status_bounds &bounds) {
  const std::uint32_t open = sequencer.at("large").at("open");
  if (open > bounds.sequencer.large_appends_max) {
    found_.add("Z9", "log {}: {} large records are under way, {} may be", log, open,
               bounds.sequencer.large_appends_max);
  }
  if (open > 0) {
    seen_.add("split/open-seen");
  }
}

/// A member whose registered limit is below the segment's is named, with its limit; or the segment is no more.
void status_check::check_alarms(const std::string &log, const host::segment_record &segment, const json &sequencer,
                                const status_bounds &bounds) {
  for (const json &server : sequencer.at("nodes")) {
    const std::string name = server.at("node");
    const host::node_record *registered = chains_.node(name);
    if (registered == nullptr || registered->message_limit_bytes >= segment.segment_limit_bytes) {
      continue;
    }
    seen_.add("rule/Z8");
    const bool told =
        server.at("set_aside") != "" &&
        (server.at("set_aside_limit_bytes") == registered->message_limit_bytes || bounds.stores_are_refused);
    if (!told) {
      found_.add("Z8", "log {}: {} takes messages of {} bytes, the segment limit is {}; status says: {}", log, name,
                 registered->message_limit_bytes, segment.segment_limit_bytes, server.dump());
    }
    if (bounds.sequencer.lower_limit == host::on_lower_limit::seal) {
      found_.add("Z8", "log {}: segment {} is still open with limit {}, although {} takes only {}", log, segment.index,
                 segment.segment_limit_bytes, name, registered->message_limit_bytes);
    }
  }
}

void status_check::look_at_server(const std::string &node, const json &server, const status_bounds &bounds) {
  if (server.is_null()) {
    return;
  }
  // One store and one read are let in whatever is left, so that what is larger than that is late and not stuck. A read
  // takes no more than a quarter of the budget.
  const std::uint64_t budget = bounds.log_server_bytes.at(node);
  const std::uint64_t most = budget + std::max(bounds.message_bytes_max, budget / 4);
  if (server.at("memory_bytes").get<std::uint64_t>() > most) {
    found_.add("Z9", "{}: its log server holds {} bytes, {} may be", node, server.at("memory_bytes").dump(), most);
  }
}

} // namespace outsize::sim
