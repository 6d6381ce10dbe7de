// The split sets of one segment, as the disks of all log servers show them.
//
// L9: a commit entry implies its fragments. When the first disk has it, every fragment that it speaks of is on a write
// quorum below it, and together they are the payload, no more and no less.
// L10: a set is one record. Its fragments have indices from 0, one after the other, in the order of their offsets, and
// speak of the same payload; one entry ends it, a commit or an abort, and no fragment comes behind that.
//
// Disks learn of offsets in any order, so what is compared is offsets, not when they were seen.
//
// Thread rule: one thread.
#pragma once

#include "sim/checker/coverage.hpp"
#include "sim/checker/findings.hpp"

#include <outsize/buffer.hpp>
#include <outsize/wire/types.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>

namespace outsize::sim {

class split_sets_check {
public:
  split_sets_check(const wire::segment_id &segment, findings &found, coverage &seen)
      : segment_(segment), found_(found), seen_(seen) {}

  /// An entry that no disk had before, with the first offset that is not committed.
  void take(const wire::entry_header &entry, const rope &body, wire::offset_t quorum_tail);
  /// What the commit entry of a set says; nothing before it came.
  [[nodiscard]] std::optional<wire::split_record> commit_of(std::uint64_t set) const;
  /// When nothing moves any more: the log has [base, end) of the segment. `is_void` tells which offsets hold nothing.
  void check_at_end(wire::offset_t base, wire::offset_t end, const std::function<bool(wire::offset_t)> &is_void) const;

private:
  struct fragment {
    wire::offset_t offset = wire::no_offset;
    std::uint64_t payload_bytes = 0;
  };
  struct split_set {
    std::map<std::uint32_t, fragment> fragments; ///< by index
    std::uint64_t total_bytes = 0;
    wire::offset_t end = wire::no_offset; ///< of its commit or abort entry
    wire::entry_kind ended_by{};
    std::optional<wire::split_record> commit;
    std::optional<wire::aborted_set> abort;
  };

  void take_fragment(split_set &of, const wire::entry_header &entry);
  void take_end(split_set &of, const wire::entry_header &entry, const rope &body, wire::offset_t quorum_tail);
  void check_commit(const split_set &of, const wire::entry_header &entry, wire::offset_t quorum_tail);
  void check_behind_end(const split_set &of, const wire::entry_header &about);
  void check_gaps(std::uint64_t number, const split_set &of, wire::offset_t base,
                  const std::function<bool(wire::offset_t)> &is_void) const;

  wire::segment_id segment_;
  findings &found_;
  coverage &seen_;
  std::map<std::uint64_t, split_set> sets_; ///< by number
};

} // namespace outsize::sim
