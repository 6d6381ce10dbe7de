// The writer of one open segment: records in, offsets, batches, waves, commits out.
//
//   admitted record → batcher → offset and encoded header → store to each server of the spread → write quorum →
//   committed
//
// A machine: it is told what happened and when, and leaves the next actions in a list. Several batches are under way at
// once; each server gets them in order; what a server lost or refused is sent again from the first batch it lacks, but
// never below the global tail: a server that was away or slow jumps ahead, and fetches the gap by itself.
//
// Memory: batches are kept until they are committed and are bounded by pipeline_bytes; what one server has not answered
// is bounded by server_outstanding_bytes.
//
// It ends with need_seal or lost_to_newer: nothing is sent or committed after that, and `uncommitted` says what is in
// doubt.
//
// Thread rule: one thread.
#pragma once

#include "host/sequencer/batcher.hpp"
#include "host/sequencer/log_sequencer.hpp"
#include "host/sequencer/replica.hpp"
#include "host/sequencer/spread.hpp"
#include "host/sequencer/tail.hpp"
#include "host/sequencer/waves.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace outsize::host {

// ---- actions --------------------------------------------------------------------------------------------------------

struct send_store {
  std::string node;
  wire::store message;
  rope payload;
  std::uint64_t number = 0; ///< comes back with the answer
  time_point deadline{};
};
struct send_release {
  std::string node;
  wire::release message;
};
/// These records are in the log, at offsets `first`, `first + 1`, …; the global tail is behind them now.
struct records_committed {
  std::vector<std::uint64_t> tickets;
  wire::offset_t first = wire::no_offset;
};
struct log_line {
  int level = 0; ///< OUTSIZE_LOG_*
  std::string text;
};
/// The segment cannot go on, or should not.
struct need_seal {
  std::string why;
};
/// A newer generation has taken the log.
struct lost_to_newer {
  std::string why;
};
using writer_action = std::variant<send_store, send_release, records_committed, log_line, need_seal, lost_to_newer>;

// ---- the machine ----------------------------------------------------------------------------------------------------

struct open_segment_settings {
  std::string log;
  wire::segment_id id;
  offset_t base = wire::no_offset;
  std::vector<std::string> nodeset;
  std::uint32_t replication = 0;
  std::uint64_t limit_bytes = 0;
};

class segment_writer {
public:
  /// An entry that has an offset and is not known to be committed.
  struct entry_in_doubt {
    std::uint64_t ticket = 0;
    offset_t offset = wire::no_offset;
    buffer header; ///< encoded
  };

  segment_writer(open_segment_settings segment, const sequencer_options &options);

  /// A record that admission let through; it fits the segment limit. It goes with the next event: with flush, when
  /// there is none to come.
  void append(admitted_record record);
  void flush(time_point now) { pump(now); }
  /// Takes a record back that has no offset yet; false when it has one.
  bool withdraw(std::uint64_t ticket);

  void on_stored(std::uint64_t number, const wire::stored &answer, time_point now);
  void on_store_failed(std::uint64_t number, const error &why, time_point now);
  void on_link_up(const std::string &node, std::uint64_t limit_bytes, time_point now);
  void on_link_down(const std::string &node, time_point now);
  /// What the node was told over its last control link may not have reached it.
  void on_control_link_up(const std::string &node, time_point now);
  /// The node's message limit as the metadata has it.
  void on_registered_limit(const std::string &node, std::uint64_t bytes, time_point now);
  void on_trim_point(offset_t trim_point) { trim_point_ = trim_point; }
  void on_time(time_point now);
  [[nodiscard]] time_point next_time(time_point now) const;

  /// What there is to do, in order; empties the list.
  [[nodiscard]] std::vector<writer_action> take_actions();

  [[nodiscard]] offset_t global_tail() const { return tail_.global(); }
  [[nodiscard]] offset_t next_offset() const { return tail_.next(); }
  [[nodiscard]] bool stopped() const { return stopped_; }
  /// Ascending; together with what the batcher still has, these are all records taken and not answered.
  [[nodiscard]] std::vector<entry_in_doubt> uncommitted() const;
  /// Limits of members that are below the segment's, as their links or their refusals show them, whatever they
  /// registered: for the next segment.
  [[nodiscard]] std::vector<limit_and_owner> shown_limits() const;

  /// Why no write quorum can be reached now, by name; nothing when one can.
  [[nodiscard]] std::optional<std::string> unavailable() const;
  /// What the oldest record not committed waits for.
  [[nodiscard]] std::string waits_for() const;
  [[nodiscard]] const wave_counters &counters() const { return counters_; }
  [[nodiscard]] std::vector<node_in_segment> nodes() const;

private:
  replica *find(const std::string &node);
  batch *find_batch(offset_t first);
  struct answered_store {
    std::size_t member;
    outstanding_store sent;
    batch *about; ///< null when it is committed already
  };
  std::optional<answered_store> take_answered(std::uint64_t number);

  void pump(time_point now);
  [[nodiscard]] bool may_cut() const;
  void cut_batch();
  void send_batches(std::size_t member, time_point now);
  void send_batch(std::size_t member, batch &what, time_point now);
  void on_failure(const answered_store &about, const error &why, time_point now);
  void set_aside(std::size_t member, const error &why);
  void say_lower_limit(const replica &server, std::uint64_t before);
  void check_quorum_left();
  void commit_prefix(time_point now);
  void review_waves();
  [[nodiscard]] bool is_pending(const batch &what) const;
  void choose_spread();
  void hedge(time_point now);
  void release(time_point now);
  void stop(writer_action why);
  void say(int level, std::string text);

  open_segment_settings segment_;
  sequencer_options options_;
  batcher batcher_;
  segment_tail tail_;
  spread spread_;
  std::vector<replica> servers_; ///< by member
  std::deque<batch> batches_;    ///< with an offset and not committed, ascending
  std::uint64_t batches_bytes_ = 0;
  std::uint64_t last_number_ = 0;
  offset_t trim_point_ = 0;
  time_point release_at_ = never;
  wave_counters counters_;
  std::vector<limit_and_owner> refused_limits_; ///< of servers that refused a store as too large
  std::vector<writer_action> actions_;
  bool stopped_ = false;
};

} // namespace outsize::host
