// The sequencer of one log: from the start of its node to the last append.
//
//   recovering  fence older generations at an f-majority, find the tail, repair, write the next segment into the chain
//               (recovery in host/segment); appends are answered log_recovering
//   open        admission → offset → batches by bytes → waves → global tail (segment_writer)
//   closing     the segment is sealed (on-lower-limit, no write quorum left, offset conflict) and the next one opened;
//               what repair kept is acknowledged, the rest is admitted again in the old order
//   superseded  a newer generation of this node exists: every append is answered with generation_superseded
//
// A machine: it acts through `peers` and `metadata`, is told the time, and answers through callbacks.
//
// Thread rule: the node's loop thread. Callbacks run inside the calls below, `append`'s possibly inside append itself.
#pragma once

#include "host/admission/admission.hpp"
#include "host/chain/metadata.hpp"
#include "host/segment/peers.hpp"
#include "host/sequencer/large_appends.hpp"

#include <outsize/time.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace outsize::host {

enum class on_lower_limit : std::uint8_t {
  set_aside, ///< go on without the server while a write quorum is left
  seal,      ///< seal at once and open the next segment under the new limit
};
enum class spread_rule : std::uint8_t {
  all,        ///< every member is sent each entry
  replication ///< only as many as must hold it; sticky, the others are the hedge
};

struct sequencer_options {
  std::string node;
  generation_t generation = 0;
  std::uint64_t in_flight_bytes = 128 * wire::mib;         ///< admitted and not yet committed, this log
  std::uint64_t producer_in_flight_bytes = 64 * wire::mib; ///< the same, one producer
  std::uint64_t batch_bytes_max = 1 * wire::mib;           ///< a store is cut there, unless one entry is larger
  std::uint32_t batch_entries_max = 1024;
  std::uint32_t pipeline_batches = 3;                      ///< batches under way that are not full; full ones by bytes
  std::uint64_t pipeline_bytes = 32 * wire::mib;           ///< with an offset and not yet committed, this log
  std::uint64_t server_outstanding_bytes = 32 * wire::mib; ///< sent to one server and not yet answered, this log
  duration store_timeout_min = std::chrono::milliseconds(250); ///< bounds of the adaptive store timeout
  duration store_timeout_max = std::chrono::seconds(60);
  duration wave_pause_min = std::chrono::milliseconds(50);
  duration wave_pause_max = std::chrono::seconds(5);
  duration release_after = std::chrono::milliseconds(100);     ///< idle: tell the servers the global tail
  duration repair_timeout = std::chrono::seconds(10);          ///< of one request while sealing and repairing
  std::uint32_t producer_sequences_max = 1024;                 ///< remembered of each producer, for duplicates
  duration producer_age_max = std::chrono::hours(1);           ///< a producer not heard of for so long is forgotten
  std::uint32_t admissions_max = 5;                            ///< of one record that seals keep from being committed
  std::uint64_t bulk_window_bytes = bulk_window_bytes_default; ///< fragments on their way; at most a producer's
  std::uint32_t large_appends_max = 64;                        ///< records being split or spilled, this log
  duration large_idle_max = std::chrono::seconds(30);          ///< a client in the middle of one says nothing
  blob_io *blobs = nullptr;                                    ///< null: no blob store is configured
  spread_rule spread = spread_rule::all;
  on_lower_limit lower_limit = on_lower_limit::set_aside;
  /// The time of the present round: peers' answers carry none. Empty: the last time that came with an event.
  std::function<time_point()> now;
  std::function<std::uint64_t()> random;                       ///< jitter
  std::function<std::uint64_t()> wall_ms;                      ///< for entry timestamps only
  std::function<void(int level, const std::string &line)> log; ///< OUTSIZE_LOG_*
};

/// One record as the client sent it. `bytes` = record header, then payload.
struct append_item {
  wire::record_item item;
  rope bytes;
};

/// A record whose payload comes in pieces.
struct large_record {
  buffer record_header; ///< encoded
  std::uint64_t payload_bytes = 0;
  std::uint32_t restarts = 0; ///< how often its client began it before
};
/// It may come: pieces of exactly piece_bytes, the last one the rest, at most window_bytes of them not yet taken.
struct large_opened {
  std::uint64_t stream = 0; ///< names it to this sequencer
  std::uint64_t piece_bytes = 0;
  std::uint64_t window_bytes = 0;
};
/// It fits as one entry, and should come so.
struct send_whole {};
using large_answer = std::variant<large_opened, wire::append_result, send_whole>;

/// For `outsize status`.
struct node_in_segment {
  std::string node;
  bool reachable = false;
  std::string set_aside;                   ///< why; empty when it is used
  std::uint64_t set_aside_limit_bytes = 0; ///< its limit, when that is the reason
  offset_t local_tail = 0;
  std::uint64_t bytes_in_flight = 0;
  std::string last_error;
};
struct sequencer_status {
  std::string state; ///< recovering, open, closing, superseded
  std::string why;   ///< what it waits for, in one line; empty when nothing
  segment_id segment;
  offset_t global_tail = 0;
  offset_t next_offset = 0;
  log_limits limits;
  std::uint64_t appends_committed = 0;
  std::uint64_t bytes_committed = 0;
  std::uint64_t appends_in_flight = 0;
  std::uint64_t bytes_in_flight = 0;
  duration oldest_in_flight{};
  std::string oldest_waits_for;
  std::uint64_t stores_sent = 0;
  std::uint64_t waves = 0;
  std::map<std::string, std::uint64_t> bytes_resent;  ///< by node
  std::map<std::string, std::uint64_t> waves_retried; ///< by error code name
  std::map<std::string, std::uint64_t> refused;       ///< by error code name
  large_appends::counters large;
  std::uint32_t large_open = 0; ///< records being split or spilled
  std::vector<node_in_segment> nodes;
};

class log_sequencer {
public:
  using answer = std::function<void(std::vector<wire::append_result>)>;

  /// `peers` and `metadata` outlive it. The log's record is followed through metadata's view.
  log_sequencer(std::string log, sequencer_options options, peers &peers, metadata &metadata);
  ~log_sequencer();
  log_sequencer(const log_sequencer &) = delete;
  log_sequencer &operator=(const log_sequencer &) = delete;

  /// Begins recovery.
  void start(time_point now);
  /// The chain of policies; may change while running.
  void set_policies(std::vector<chained_policy> chain);

  /// Before any payload is taken: would a record of this size be refused? For large appends, at their first part.
  [[nodiscard]] std::optional<wire::refusal> refuses(const record_facts &record) const;
  /// Admits, orders, replicates. `then` gets one result per record when the last of them is known. `client` names who
  /// asks, for credits of records without a producer.
  void append(std::vector<append_item> items, std::uint64_t client, time_point deadline, time_point now, answer then);

  /// Decides about a record that is to come in pieces. The outcome, where it is known already, is a refusal, or the
  /// offset that this producer's sequence has.
  large_answer open_large(const large_record &record, std::uint64_t client, time_point now);
  /// The piece `index` of an open record. `taken` is called when there is room for more, or with the outcome when the
  /// record was refused: nothing more of it is wanted then. A stream that is not open is refused as well.
  void add_piece(std::uint64_t stream, std::uint32_t index, const wire::digest &content, rope bytes, time_point now,
                 std::function<void(std::optional<wire::append_result>)> taken);
  /// All pieces came; `content` is of record header and payload. `then` is called once, when the outcome is known.
  void finish_large(std::uint64_t stream, const wire::digest &content, time_point now,
                    std::function<void(wire::append_result)> then);
  /// The rest will not come.
  void abandon_large(std::uint64_t stream, time_point now);

  /// The first offset not known committed; an error while recovering.
  [[nodiscard]] result<wire::tail> find_tail() const;

  void on_view_changed(time_point now);
  void on_link_up(const std::string &node, time_point now);
  void on_link_down(const std::string &node, time_point now);
  /// The link over which tails are told while no store carries them.
  void on_control_link_up(const std::string &node, time_point now);
  void on_time(time_point now);
  [[nodiscard]] time_point next_time() const;

  [[nodiscard]] sequencer_status status(time_point now) const;

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace outsize::host
