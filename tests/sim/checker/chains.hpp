// The chains of segments as the metadata store has them on its disk, and what must be true of how they grow.
//
// Thread rule: one thread.
#pragma once

#include "host/chain/records.hpp"
#include "sim/checker/coverage.hpp"
#include "sim/checker/findings.hpp"

#include <map>
#include <optional>
#include <string>

namespace outsize::sim {

using host::offset_t;
using host::segment_id;

class chains {
public:
  chains(findings &found, coverage &seen) : found_(found), seen_(seen) {}

  /// A value became durable at the metadata node.
  void on_value(const std::string &key, const std::string &value);

  /// Null when there is no such log, or no such segment yet.
  [[nodiscard]] const host::log_record *find(const std::string &log) const;
  [[nodiscard]] const host::segment_record *segment(const segment_id &id) const;
  /// The segment in which an offset of the log lies, or would lie; nothing before the first.
  [[nodiscard]] std::optional<segment_id> holding(const std::string &log, offset_t offset) const;
  [[nodiscard]] const std::map<std::string, host::log_record> &logs() const { return logs_; }
  [[nodiscard]] const host::node_record *node(const std::string &name) const;

private:
  void on_log(const host::log_record &now);
  void check_growth(const host::log_record &before, const host::log_record &now);
  void check_opening(const host::log_record &log, const host::segment_record &opened);

  findings &found_;
  coverage &seen_;
  std::map<std::string, host::log_record> logs_;
  struct registration {
    host::node_record node;
    time_point at{};
  };
  std::map<std::string, registration> nodes_;
};

} // namespace outsize::sim
