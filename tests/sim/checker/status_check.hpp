// What nodes tell their operators must be true: tails that are committed (L4) and only grow (L5), bytes within their
// budgets (Z9), limits as the chain has them, no wave retried for a size (Z5), and an alarm for every server whose
// limit is below the segment's, with the limit and whose it is (Z8).
//
// Thread rule: one thread.
#pragma once

#include "host/sequencer/log_sequencer.hpp"
#include "sim/checker/chains.hpp"
#include "sim/checker/copies.hpp"
#include "sim/checker/coverage.hpp"
#include "sim/checker/findings.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace outsize::sim {

/// What the nodes were told to keep to.
struct status_bounds {
  host::sequencer_options sequencer;
  std::uint64_t payload_bytes_max = 0;                   ///< the largest that any client makes
  std::uint64_t message_bytes_max = 0;                   ///< the largest message limit of any node
  bool stores_are_refused = false;                       ///< by a fault of the simulation
  std::map<std::string, std::uint64_t> log_server_bytes; ///< each node's memory budget, as its operator set it
};

class status_check {
public:
  status_check(const chains &known, const copies &held, findings &found, coverage &seen)
      : chains_(known), copies_(held), found_(found), seen_(seen) {}

  /// The answer of a node to `outsize status --json`. `settled`: nothing moves any more, everybody knows everything.
  void look(const std::string &status, const status_bounds &bounds, bool settled);

private:
  void look_at_log(const std::string &node, std::uint64_t generation, const nlohmann::json &log,
                   const status_bounds &bounds, bool settled);
  void check_tails(const std::string &node, std::uint64_t generation, const std::string &log,
                   const nlohmann::json &sequencer);
  void check_budgets(const std::string &log, const nlohmann::json &sequencer, const status_bounds &bounds);
  void check_large(const std::string &log, const nlohmann::json &sequencer, const status_bounds &bounds);
  void check_alarms(const std::string &log, const host::segment_record &segment, const nlohmann::json &sequencer,
                    const status_bounds &bounds);
  void look_at_server(const std::string &node, const nlohmann::json &server, const status_bounds &bounds);

  const chains &chains_;
  const copies &copies_;
  findings &found_;
  coverage &seen_;
  std::map<std::pair<std::string, std::uint64_t>, offset_t> tails_; ///< by log and generation of its sequencer
};

} // namespace outsize::sim
