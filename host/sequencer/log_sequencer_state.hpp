// The inside of log_sequencer: what its three sources share. log_sequencer.cpp is its face, log_sequencer_life.cpp
// takes it from segment to segment, log_sequencer_appends.cpp takes records in and answers them.
//
// Thread rule: the node's loop thread.
#pragma once

#include "host/sequencer/credits.hpp"
#include "host/sequencer/large_appends.hpp"
#include "host/sequencer/log_sequencer.hpp"
#include "host/sequencer/pending_appends.hpp"
#include "host/sequencer/plan_usage.hpp"
#include "host/sequencer/producers.hpp"
#include "host/sequencer/recovery.hpp"
#include "host/sequencer/segment_writer.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace outsize::host {

enum class phase : std::uint8_t { recovering, open, closing, superseded };
std::string_view name_of(phase value);

struct log_sequencer::state {
  state(std::string name, sequencer_options given, peers &links, metadata &records);

  // ---- log_sequencer_appends.cpp: records in, answers out
  void append(append_item item, std::uint64_t client, time_point deadline, const std::shared_ptr<append_group> &group,
              std::size_t place);
  /// Refused, or taken up by `made`, which then has its credit.
  std::optional<wire::refusal> admit(append_item &item, std::uint64_t client, pending_append &made);
  bool answer_duplicate(const producers::finding &found, const pending_append &what);
  /// Why the log takes no record now; nothing when it does.
  [[nodiscard]] std::optional<error> closed_for_appends() const;
  std::optional<wire::refusal> decide(const record_facts &record, pending_append &made);
  result<void> pay(pending_append &what, std::uint64_t client, std::uint64_t bytes);
  static wire::append_result as_duplicate(const producers::committed &there);
  std::uint64_t enter(pending_append what);
  void admit_again(pending_append what, const std::string &why);
  [[nodiscard]] wire::refusal refusal_of_error(const error &why, std::uint32_t record_index,
                                               const std::string &producer) const;
  void settle_refused(const pending_append::waiter &waiting, wire::refusal why);
  void commit(const records_committed &what);
  void commit(std::uint64_t ticket, offset_t offset);
  void finish(pending_append what, offset_t offset);
  void finish(pending_append what, const producers::committed &as);
  void finish_refused(pending_append what, const wire::refusal &why);
  void expire();
  void expire_one(std::uint64_t ticket);

  // ---- log_sequencer_large.cpp: records that are split or spilled
  large_appends::environment environment_of_large();
  large_answer open_large(const large_record &record, std::uint64_t client);
  /// The outcome, when it is known already; else `made` is to be opened.
  std::optional<wire::append_result> admit_large(const large_record &given, std::uint64_t client, pending_append &made);
  [[nodiscard]] std::optional<wire::refusal> may_begin_large(const pending_append &what) const;
  [[nodiscard]] policy_snapshot snapshot_for(const pending_append &what) const;
  void begin_large(std::uint64_t ticket, const pending_append &what);
  void finish_large(const large_appends::committed &whole, offset_t offset);
  void on_large_ended(std::uint64_t record, const error &why);
  /// Appends of a producer behind its large one: they may go now.
  void release_behind(std::uint64_t record);
  /// The record has no offset and is not on its way any more; false when it has one.
  bool take_back(std::uint64_t ticket);
  void close_large();
  void resolve_large(const segment_writer::entry_in_doubt &entry, bool kept);
  void add_piece(std::uint64_t number, std::uint32_t index, const wire::digest &content, rope bytes,
                 std::function<void(std::optional<wire::append_result>)> taken);
  void finish_stream(std::uint64_t number, const wire::digest &content, std::function<void(wire::append_result)> then);
  void abandon_stream(std::uint64_t number);
  void tell(std::uint64_t stream, const wire::append_result &outcome);
  [[nodiscard]] wire::append_result refused_result(const wire::refusal &why) const;

  // ---- log_sequencer_life.cpp: from segment to segment
  /// The end of every event: acts, then answers.
  void settle_down();
  void advance();
  void begin_recovery();
  void open_segment();
  void introduce_servers();
  void resolve_in_doubt(const recovery::opened_segment &after);
  [[nodiscard]] bool was_kept(const segment_writer::entry_in_doubt &entry, const recovery::opened_segment &after) const;
  void begin_closing(const std::string &why);
  void remember_shown_limits();
  [[nodiscard]] std::vector<limit_and_owner> shown_limits() const;
  void supersede(const std::string &why);
  void check_still_ours();
  void run_actions();
  void run(send_store &action);
  void on_view_changed();

  [[nodiscard]] time_point time();
  [[nodiscard]] bool is_open() const { return now_in == phase::open; }
  [[nodiscard]] wave_counters all_counters() const;
  void say(int level, const std::string &line) const;

  std::string log;
  sequencer_options options;
  peers &servers;
  metadata &view;
  std::vector<chained_policy> chain;
  phase now_in = phase::recovering;
  time_point now{};

  std::unique_ptr<recovery> recovering;
  time_point recover_at = never; ///< when the next recovery begins, while none runs
  std::unique_ptr<segment_writer> writer;
  segment_id id;          ///< of the open segment, or the last one that was
  segment_record segment; ///< the same
  log_limits limits;
  wave_counters closed_counters;                        ///< of the writers before this one
  std::vector<segment_writer::entry_in_doubt> in_doubt; ///< of the segment being closed
  std::string why_closing;
  std::uint32_t closings_in_a_row = 0; ///< without a commit between them
  /// Below what the node registered in that generation.
  struct shown_limit {
    std::uint64_t bytes = 0;
    generation_t generation = 0;
  };
  std::map<std::string, shown_limit> shown; ///< by node

  credits credit;
  producers known;
  pending_appends pending;
  answers answered;
  std::unique_ptr<large_appends> large;
  /// A client that sends a record in pieces, and waits for an answer to each.
  struct stream {
    std::deque<std::function<void(std::optional<wire::append_result>)>> pieces;
    std::function<void(wire::append_result)> finish;
    std::optional<wire::append_result> outcome; ///< known, and nobody has asked for it yet
  };
  std::map<std::uint64_t, stream> streams;                    ///< by ticket of the record
  std::map<std::string, std::uint64_t> large_of_producer;     ///< tickets of records without their last entry
  std::map<std::uint64_t, std::vector<std::uint64_t>> behind; ///< tickets that wait for such a record
  plan_usage usage;
  std::uint64_t last_blob = 0;
  bool flush_wanted = false; ///< the writer was given something inside of an event
  std::uint64_t last_ticket = 0;
  std::uint64_t committed_count = 0;
  std::uint64_t committed_bytes = 0;
  std::map<std::string, std::uint64_t> refused; ///< by the name of the code
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);
};

} // namespace outsize::host
