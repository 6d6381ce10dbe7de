// What a sequencer does before it takes appends (design section 4): seal the last segment under its own generation,
// find the tail, repair, and write the next segment into the log's chain by compare-and-swap.
//
// The chain decides: whatever is uncertain (a swap whose answer was lost, a swap of an older start that landed late) is
// settled by looking at the chain again. The first segment of a log needs no seal; it opens as soon as a write quorum
// of its nodeset has registered, so that its limit is theirs.
//
// A machine on `peers` and `metadata`. Thread rule: the node's loop thread; callbacks end with options.changed.
#pragma once

#include "host/chain/metadata.hpp"
#include "host/segment/peers.hpp"
#include "host/segment/repair.hpp"
#include "host/segment/seal.hpp"
#include "host/sequencer/log_sequencer.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace outsize::host {

class recovery {
public:
  struct settings {
    std::string log;
    sequencer_options options;
    /// Of the segment that this very sequencer wrote and now closes; no_offset after a start.
    offset_t known_tail = wire::no_offset;
    std::vector<limit_and_owner> shown_limits; ///< that members showed without registering them
    std::function<time_point()> now;
    std::function<void()> changed; ///< look again; called last, so it may destroy the recovery
  };
  /// The segment that is open now.
  struct opened_segment {
    log_record log;
    segment_record segment;
    /// Checksums of the entries of the segment before it, from known_tail to its end.
    std::map<offset_t, wire::digest> kept;
  };

  /// `servers` and `records` outlive it.
  recovery(settings how, peers &servers, metadata &records);
  ~recovery();
  recovery(const recovery &) = delete;
  recovery &operator=(const recovery &) = delete;

  /// Does what can be done.
  void step(time_point now);
  void on_link_up(const std::string &node);
  [[nodiscard]] time_point next_time() const;

  [[nodiscard]] const std::optional<opened_segment> &opened() const { return opened_; }
  /// Set when a newer generation has taken the log, with who.
  [[nodiscard]] const std::optional<std::string> &superseded() const { return superseded_; }
  /// What it waits for, with names.
  [[nodiscard]] const std::string &waits_for() const { return waits_for_; }

private:
  void look_at_view();
  [[nodiscard]] std::optional<std::string> taken_over_by() const;
  [[nodiscard]] bool is_ours(const log_record &log) const;
  void finish_segment(time_point now);
  void begin_seal(const segment_record &last);
  void propose(offset_t end, time_point now);
  void on_proposed(const result<metadata::outcome> &outcome);
  void on_swapped();
  void tell_end(const segment_record &ended);

  settings settings_;
  peers &servers_;
  metadata &metadata_;
  versioned<log_record> log_; ///< version 0: not seen yet
  std::unique_ptr<segment_seal> seal_;
  std::unique_ptr<segment_repair> repair_;
  segment_id sealing_;
  std::optional<log_record> proposed_; ///< as it would be after our swap, once one was sent
  bool proposing_ = false;
  std::uint32_t failures_ = 0;
  time_point propose_at_{duration::min()};
  std::optional<opened_segment> opened_;
  std::optional<std::string> superseded_;
  std::string waits_for_ = "the metadata";
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace outsize::host
