// Fetches from other log servers what this one should hold and does not: holes, the tail it missed, damaged entries.
//
// A machine: it asks through the function it was given and stores through the log server, which verifies. One bounded
// request is under way at a time; segments take turns. A member that fails or lacks what is asked for is followed by
// the next one; when all have been asked in vain, the segment pauses, longer each time.
//
// Thread rule: the node's loop thread. The log server outlives it.
#pragma once

#include "host/logserver/fetched_runs.hpp"
#include "host/logserver/log_server.hpp"

#include <outsize/time.hpp>
#include <outsize/wire/limits.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace outsize::host {

/// What one segment should hold here.
struct catch_up_goal {
  segment_id segment;
  offset_t base = wire::first_offset; ///< first offset of the segment
  offset_t target = 0;                ///< everything below it: the end of a closed segment, or a known global tail
  std::vector<std::string> members;   ///< the other log servers of its nodeset
};

struct catch_up_options {
  std::uint64_t bytes_max = 1 * wire::mib; ///< asked for at a time; soft, as in wire::fetch
  std::uint32_t count_max = 1024;
  /// A server that is merely slower than the others gets what it lacks from the sequencer; only a tail that has not
  /// moved for so long is fetched.
  duration tail_patience = std::chrono::seconds(1);
  /// How long one answer may take; twice as long after each that did not come in time, because the entry asked for may
  /// be large and the line slow.
  duration patience_min = std::chrono::seconds(10);
  duration patience_max = std::chrono::minutes(10);
  duration pause_min = std::chrono::milliseconds(100);
  duration pause_max = std::chrono::seconds(10);
  std::function<std::uint64_t()> random; ///< jitter of the pauses
};

/// For `outsize status`.
struct catch_up_status {
  segment_id segment;
  offset_t target = 0;
  std::uint64_t offsets_missing = 0;
  std::uint64_t damaged = 0;         ///< entries known to be damaged and not replaced yet
  std::uint64_t entries_fetched = 0; ///< since this start
  std::string last_error;            ///< empty while it goes well
};

class catch_up {
public:
  using answered = std::function<void(result<wire::fetched> answer, rope payload)>;
  /// Asks one member. The answer comes exactly once, later, also when the member cannot be reached or has not answered
  /// within `patience`.
  using fetch_from =
      std::function<void(const std::string &node, wire::fetch message, duration patience, answered then)>;

  catch_up(log_server &server, fetch_from fetch, catch_up_options options);
  ~catch_up();
  catch_up(const catch_up &) = delete;
  catch_up &operator=(const catch_up &) = delete;

  /// Sets or replaces the goal of a segment, and tells the log server its base. A target never goes back.
  void want(const catch_up_goal &goal);
  void forget(const segment_id &segment);
  /// An entry held here does not match its checksum; from log_server_options::on_damaged.
  void on_damaged(const segment_id &segment, offset_t offset);

  /// Asks for the next piece, if there is one to ask for.
  void on_time(time_point now);
  /// When on_time wants to look again; `never` while an answer is awaited or nothing is wanted.
  [[nodiscard]] time_point next_time() const;

  [[nodiscard]] std::vector<catch_up_status> status() const;

private:
  struct wanted_segment;
  struct request;

  [[nodiscard]] wanted_segment *take_turn(time_point now);
  [[nodiscard]] std::optional<offset_range> next_range(wanted_segment &wanted, time_point now) const;
  void ask(wanted_segment &wanted, const offset_range &range);
  void on_answer(const std::shared_ptr<request> &asked, const result<wire::fetched> &answer, const rope &payload);
  void store(const std::shared_ptr<request> &asked, fetched_run run);
  void on_stored(const std::shared_ptr<request> &asked, const wire::stored &answer);
  void succeed(const request &asked);
  void fail(const request &asked, const error &why, bool ask_others);
  void look_soon() { look_at_ = now_; }

  log_server &server_;
  fetch_from fetch_;
  catch_up_options options_;
  std::map<segment_id, wanted_segment> wanted_;
  segment_id last_turn_;
  bool asking_ = false;
  time_point now_{};
  time_point look_at_{};
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

} // namespace outsize::host
