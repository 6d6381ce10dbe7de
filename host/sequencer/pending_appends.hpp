// Appends that were taken and not yet answered: who waits for which record, until when.
//
// A client's message has one answer with a result for each record; it goes out when the last of them is known.
//
// Thread rule: one thread.
#pragma once

#include "host/sequencer/batcher.hpp"
#include "host/sequencer/large_appends.hpp"
#include "host/sequencer/log_sequencer.hpp"

#include <outsize/time.hpp>
#include <outsize/wire/messages.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace outsize::host {

/// One message of a client.
struct append_group {
  log_sequencer::answer then;
  std::vector<wire::append_result> results;
  std::size_t unknown = 0; ///< results not known yet
};

/// Answers that are complete. They go out when the sequencer has done all else, because the client may append again
/// from inside its answer.
class answers {
public:
  /// Knows one result of a group; the group is complete when it was the last.
  void settle(const std::shared_ptr<append_group> &group, std::size_t place, wire::append_result what);
  /// Calls what is complete, and what becomes complete meanwhile.
  void deliver();

private:
  std::vector<std::shared_ptr<append_group>> complete_;
  bool delivering_ = false;
};

/// A record that was admitted.
struct pending_append {
  /// Somebody who waits for it: the one who sent it, or one who sent the same sequence again.
  struct waiter {
    std::shared_ptr<append_group> group;
    std::size_t place = 0;
    bool duplicate = false;
    time_point deadline = never;
  };
  admitted_record record;
  wire::producer_fields producer;
  std::string payer; ///< whose credit it holds
  std::uint32_t record_index = 0;
  time_point admitted_at{};
  std::uint32_t admissions = 0; ///< how often it was given to a segment
  std::vector<wire::policy_step> trace;
  std::optional<large_appends::plan> plan; ///< it is to be split or spilled
  bool in_pieces = false;                  ///< its client sends it in pieces; `record` has its header only
  std::uint64_t payload_bytes = 0;
  std::uint32_t plans_failed = 0; ///< of this append, for the policies
  std::uint32_t last_failed_plan = 0;
  std::uint32_t last_failed_code = 0;
  std::vector<waiter> waiters; ///< empty once it was answered before its end was known

  /// What a record takes besides its bytes while it is in flight: this struct, its place in the table and in a batch,
  /// its entry header, its result; about 900 bytes together. Without it a budget in bytes would not bound the memory of
  /// small records.
  static constexpr std::uint64_t overhead_bytes = 1024;
  std::uint64_t held_bytes = 0; ///< credit it holds
};

class pending_appends {
public:
  /// By ticket; tickets ascend in the order of admission.
  using table = std::map<std::uint64_t, pending_append>;

  pending_append &add(std::uint64_t ticket, pending_append what);
  /// Somebody else waits for a record that is here.
  void add_waiter(pending_append &to, pending_append::waiter who);
  [[nodiscard]] pending_append *find(std::uint64_t ticket);
  /// Takes it out; the ticket must be there.
  pending_append take(std::uint64_t ticket);
  /// Takes out all of them.
  table take_all();

  [[nodiscard]] bool empty() const { return table_.empty(); }
  [[nodiscard]] std::size_t size() const { return table_.size(); }
  [[nodiscard]] const pending_append &oldest() const { return table_.begin()->second; }

  /// Tickets of records for which somebody has waited to the end of his time.
  [[nodiscard]] std::vector<std::uint64_t> expired(time_point now);
  /// A time not later than the earliest deadline.
  [[nodiscard]] time_point next_deadline() const { return next_deadline_; }

private:
  table table_;
  time_point next_deadline_ = never;
};

} // namespace outsize::host
