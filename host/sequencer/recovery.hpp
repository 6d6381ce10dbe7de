// What a sequencer does before it takes appends (design section 4): seal the last segment under its own generation,
// find the tail, repair, and write the next segment into the log's chain by compare-and-swap.
//
// The first segment of a log needs no seal: it is opened as soon as a write quorum of its nodeset has registered and
// can be reached, so that its limit is theirs.
//
// A machine: it acts through `peers` and `metadata`, is told the time, and is asked what came of it.
//
// Thread rule: the node's loop thread.
#pragma once

#include "host/chain/metadata.hpp"
#include "host/segment/peers.hpp"
#include "host/segment/repair.hpp"
#include "host/segment/seal_round.hpp"
#include "host/sequencer/log_sequencer.hpp"

#include <outsize/time.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace outsize::host {

class recovery {
public:
  /// `peers` and `metadata` outlive it. `shown`: limits that servers showed by refusing, below what they registered.
  recovery(std::string log, const sequencer_options &options, std::vector<limit_and_owner> shown, peers &servers,
           metadata &records);
  ~recovery();
  recovery(const recovery &) = delete;
  recovery &operator=(const recovery &) = delete;

  void on_time(time_point now);
  [[nodiscard]] time_point next_time() const;
  /// The metadata changed, or a link came up: look again now.
  void wake() { resume_at_ = time_point{duration::min()}; }

  /// The segment that is open now, under this generation.
  [[nodiscard]] const std::optional<segment_record> &opened() const { return opened_; }
  /// Where the segment before it ended; entries below are in the log.
  [[nodiscard]] offset_t end_of_previous() const { return end_of_previous_; }
  [[nodiscard]] bool superseded() const { return superseded_; }
  [[nodiscard]] std::string waits_for() const;

private:
  [[nodiscard]] const versioned<log_record> *log() const;
  void begin();
  void begin_seal(const log_record &log, const segment_record &last);
  void begin_repair(const log_record &log, const segment_record &last);
  void write_next(const versioned<log_record> &log, offset_t end);
  [[nodiscard]] bool quorum_registered(const log_record &log);
  [[nodiscard]] limit_and_owner limit_for(const log_record &log) const;

  std::string log_name_;
  const sequencer_options options_;
  std::vector<limit_and_owner> shown_;
  peers &peers_;
  metadata &metadata_;
  std::unique_ptr<seal_round> seal_;
  std::unique_ptr<repair> repair_;
  std::optional<segment_record> opened_;
  offset_t end_of_previous_ = 0;
  bool writing_ = false;
  bool superseded_ = false;
  std::string waits_for_ = "the metadata";
  time_point now_{};
  time_point resume_at_{duration::min()};
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace outsize::host
