// A failure as it crosses the wire.
#pragma once

#include <outsize/error.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace outsize::wire {

/// One policy that was asked about a record, and what it said.
struct policy_step {
  std::string policy; ///< its configured name
  std::string plan;   ///< decline, reject, split, spill, or error
  std::string reason;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.policy, "policy");
    visit(2, self.plan, "plan");
    visit(3, self.reason, "reason");
  }
  bool operator==(const policy_step &) const = default;
};

/// Where on its way a record was refused.
enum class stage : std::uint8_t { none = 0, admission = 1, batch = 2, transport = 3, storage = 4 };

/// A failure as it crosses the wire: an error and, for appends, the whole refusal shape.
struct refusal {
  code why = code::internal;
  std::uint64_t actual_bytes = 0;
  std::uint64_t limit_bytes = 0;
  std::string text;
  std::string remedy; ///< empty: the table's remedy for the code
  std::string peer;   ///< who said so, when it was not the node that answers
  stage at = stage::none;
  std::string limit_source; ///< "log orders", "host", "peer n1", "store archive"; empty where no limit is involved
  std::string log;
  std::string producer;
  std::uint32_t record_index = 0;
  std::vector<policy_step> policy_trace;
  retry_class retry = retry_class::never; ///< what the table says of the code, for those who do not know it
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.why, "code");
    visit(2, self.actual_bytes, "actual_bytes");
    visit(3, self.limit_bytes, "limit_bytes");
    visit(4, self.text, "text");
    visit(5, self.remedy, "remedy");
    visit(6, self.peer, "peer");
    visit(7, self.at, "stage");
    visit(8, self.limit_source, "limit_source");
    visit(9, self.log, "log");
    visit(10, self.producer, "producer");
    visit(11, self.record_index, "record_index");
    visit(12, self.policy_trace, "policy_trace");
    visit(13, self.retry, "retry");
  }
  bool operator==(const refusal &) const = default;
};

refusal to_refusal(const error &from);
error to_error(const refusal &from);

} // namespace outsize::wire
