// The inside of log_sequencer: what its three sources share. log_sequencer.cpp is its face, log_sequencer_life.cpp
// takes it from segment to segment, log_sequencer_appends.cpp takes records in and answers them.
//
// Thread rule: the node's loop thread.
#pragma once

#include "host/sequencer/credits.hpp"
#include "host/sequencer/log_sequencer.hpp"
#include "host/sequencer/pending_appends.hpp"
#include "host/sequencer/producers.hpp"
#include "host/sequencer/recovery.hpp"
#include "host/sequencer/segment_writer.hpp"

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
  std::optional<wire::refusal> decide(const record_facts &record, std::vector<wire::policy_step> &trace);
  void enter(pending_append what);
  void admit_again(pending_append what, const std::string &why);
  [[nodiscard]] wire::refusal refusal_of_error(const error &why, std::uint32_t record_index,
                                               const std::string &producer) const;
  void settle_refused(const pending_append::waiter &waiting, wire::refusal why);
  void commit(const records_committed &what);
  void finish(pending_append what, offset_t offset);
  void finish_refused(pending_append what, const wire::refusal &why);
  void expire();
  void expire_one(std::uint64_t ticket);

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
  std::uint64_t last_ticket = 0;
  std::uint64_t committed_count = 0;
  std::uint64_t committed_bytes = 0;
  std::map<std::string, std::uint64_t> refused; ///< by the name of the code
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);
};

} // namespace outsize::host
