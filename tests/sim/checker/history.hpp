// What clients asked and were told, checked against what the disks hold: acknowledged means committed (L3, L4, L6),
// within the limit (Z1, Z2); refused means nowhere (Z5), and for a size only what is over a limit of its log (Z4);
// tails only grow (L5); readers see the committed records, each once, whole, bit for bit (L7).
//
// Thread rule: one thread.
#pragma once

#include "sim/checker/chains.hpp"
#include "sim/checker/copies.hpp"
#include "sim/checker/coverage.hpp"
#include "sim/checker/findings.hpp"

#include <outsize/client/client.hpp>
#include <outsize/wire/messages.hpp>
#include <outsize/wire/types.hpp>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace outsize::sim {

/// A record that a client made; its content is unlike that of every other.
struct made_record {
  std::string log;
  wire::digest content{};
  std::uint64_t record_bytes = 0; ///< record header and payload
  std::uint64_t payload_bytes = 0;
  wire::producer_fields producer;
};

/// A try to append it.
struct sent_append {
  made_record what;
  std::uint32_t segment = 0; ///< index of the log's last segment when it was sent
  bool in_pieces = false;    ///< the node is asked first, and may want it so
};

class history {
public:
  history(const chains &known, copies &held, findings &found, coverage &seen)
      : chains_(known), copies_(held), found_(found), seen_(seen) {}

  /// Before the append is sent, each time.
  sent_append on_append(made_record what);
  void on_answer(const sent_append &sent, const wire::append_result &answer);
  /// The chain of a log has changed.
  void on_chain(const host::log_record &log);

  /// What must be true of a tail that is asked for now.
  [[nodiscard]] offset_t tail_floor(const std::string &log) const;
  void on_tail(const std::string &log, offset_t floor, const wire::tail &answer);

  /// A batch that was read from `from` on.
  void on_read(const std::string &log, offset_t from, const client::read_batch &batch);

  /// The payload of a large record that was read, all of it.
  void on_payload(const std::string &log, const client::read_record &record, const rope &payload);
  void on_payload_error(const std::string &log, const client::read_record &record, const error &why);

  /// When nothing moves any more.
  void check_end();

  struct totals {
    std::uint64_t appends = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t unknown = 0;
    std::uint64_t records_read = 0;
    std::map<std::string, std::uint64_t> refused; ///< by code
    bool operator==(const totals &) const = default;
  };
  [[nodiscard]] const totals &counts() const { return totals_; }
  /// Appends that have no answer yet.
  [[nodiscard]] std::uint64_t unanswered() const { return unanswered_; }
  /// Highest offset acknowledged; 0 when none.
  [[nodiscard]] offset_t last_acknowledged(const std::string &log) const;

private:
  struct fate {
    made_record what;
    std::uint64_t tries = 0;
    std::uint64_t refused = 0; ///< answers that promise that nothing is there
    std::set<offset_t> acknowledged;
  };

  struct acknowledged_offset {
    wire::digest content{};
    segment_id segment;
  };
  /// Where a record was met in the log.
  struct place {
    offset_t offset = wire::no_offset;
    host::generation_t generation = 0;
  };
  /// The last sequence of a producer's epoch in the log.
  using sequences = std::map<std::pair<std::string, std::uint64_t>, std::uint64_t>;

  void check_acknowledged(fate &of, const sent_append &sent, const wire::append_result &answer);
  void check_stored_as(const sent_append &sent, const wire::append_result &answer, const stored_value &value);
  void check_limit(const sent_append &sent, const wire::append_result &answer);
  void check_refusal(const sent_append &sent, const wire::refusal &why);
  void check_size_refusal(const sent_append &sent, const wire::refusal &why);
  /// The limits that held for a record of the log between its sending and now.
  [[nodiscard]] std::vector<std::uint64_t> policy_limits_since(const sent_append &sent) const;
  /// Is a record at this offset of the log, or may there be one for all that is known?
  [[nodiscard]] bool may_hold_record(const std::string &log, offset_t offset) const;
  void check_read_record(const std::string &log, const client::read_record &record);
  void check_large(const std::string &log, const client::read_record &record, const stored_value &value);
  void check_log_at_end(const std::string &log);
  void check_once(const fate &of, const place &now, std::map<wire::digest, place> &seen);
  void check_order(const fate &of, offset_t offset, sequences &last);

  const chains &chains_;
  copies &copies_;
  findings &found_;
  coverage &seen_;
  std::map<wire::digest, fate> records_;
  std::map<std::string, offset_t> highest_tail_;
  std::map<std::string, std::map<offset_t, acknowledged_offset>> acknowledged_; ///< by log
  totals totals_;
  std::uint64_t unanswered_ = 0;
};

} // namespace outsize::sim
