// Where a segment being written stands: the next offset to give, and the global tail, which only commits of the oldest
// entries move, and only forward (L4, L5).
//
// Thread rule: one thread.
#pragma once

#include "host/core/check.hpp"

#include <outsize/wire/types.hpp>

namespace outsize::host {

class segment_tail {
public:
  explicit segment_tail(wire::offset_t base) : next_(base), global_(base) {}

  /// The offset that the next entry will have.
  [[nodiscard]] wire::offset_t next() const { return next_; }
  /// First offset not known committed.
  [[nodiscard]] wire::offset_t global() const { return global_; }

  /// Entries up to `end` have offsets now.
  void assign_to(wire::offset_t end) {
    OUTSIZE_CHECK(end > next_, "L2: an offset is given once");
    next_ = end;
  }
  /// Entries with offsets in [first, end) are on a write quorum.
  void commit(wire::offset_t first, wire::offset_t end) {
    OUTSIZE_CHECK(first == global_ && end > first && end <= next_,
                  "L4: an offset is committed only when all before it are");
    global_ = end;
  }

private:
  wire::offset_t next_;
  wire::offset_t global_;
};

} // namespace outsize::host
