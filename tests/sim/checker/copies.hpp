// What the disks of all log servers hold, entry by entry, and what must be true of every write: one value per offset
// (L2), within the segment's limit (Z1), by the segment's one writer (L1), and no server believes more to be committed
// than is on a write quorum (L3, L4, L5). What split records must be like is in split_sets_check (L9, L10); for a
// spilled one L9 says that its blob is durable before any disk has its reference.
//
// Thread rule: one thread.
#pragma once

#include "host/storage/storage.hpp"
#include "sim/checker/chains.hpp"
#include "sim/checker/coverage.hpp"
#include "sim/checker/findings.hpp"
#include "sim/checker/split_sets_check.hpp"
#include "sim/storage/simulated_blobs.hpp"

#include <outsize/wire/types.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace outsize::sim {

struct stored_value {
  wire::entry_kind kind{};
  host::generation_t generation = 0;
  wire::digest checksum{};
  wire::digest record{};                       ///< content of the record that it makes visible; zero when it makes none
  std::optional<wire::split_record> split;     ///< of a commit entry
  std::optional<wire::spilled_record> spilled; ///< of a reference entry
  std::uint64_t bytes = 0;                     ///< of the whole entry
  std::uint64_t payload_bytes = 0;
  std::set<std::string> holders;
  [[nodiscard]] bool is_large() const { return split.has_value() || spilled.has_value(); }
};

/// Does an entry of this kind make a record visible at its offset?
inline bool is_record(wire::entry_kind kind) {
  return kind == wire::entry_kind::data || kind == wire::entry_kind::commit || kind == wire::entry_kind::reference;
}

class copies {
public:
  copies(const chains &known, const blob_shelf &shelf, findings &found, coverage &seen)
      : chains_(known), shelf_(shelf), found_(found), seen_(seen) {}

  /// A commit became durable on the disk of `server`.
  void on_durable(const std::string &server, const host::commit &what);

  /// Null when no disk holds it.
  [[nodiscard]] const stored_value *find(const segment_id &segment, offset_t offset) const;
  /// The first offset of the segment that is not on a write quorum, or that follows one that is not.
  [[nodiscard]] offset_t quorum_tail(const segment_id &segment) const;
  [[nodiscard]] const host::segment_row *row(const std::string &server, const segment_id &segment) const;
  /// True when a disk holds an entry that makes this record visible, at an offset that its segment's chain counts.
  [[nodiscard]] bool holds_record(const wire::digest &content) const;
  /// Does the blob store have this blob, as long as it must be?
  [[nodiscard]] bool has_blob(const wire::spilled_record &what) const;
  /// So many bytes of a segment's fragments may be on their way (Z6), or one fragment.
  void bound_fragments(std::uint64_t window_bytes) { bulk_window_bytes_ = window_bytes; }
  /// When nothing moves any more.
  void check_sets_at_end();
  [[nodiscard]] std::uint64_t entries_written() const { return entries_written_; }

private:
  struct segment_copies {
    segment_copies(const segment_id &segment, findings &found, coverage &seen) : sets(segment, found, seen) {}
    std::map<offset_t, stored_value> entries;
    split_sets_check sets;
    std::uint64_t largest_fragment = 0;
    std::map<std::string, host::segment_row> rows;
    offset_t quorum_tail = 0; ///< 0: not begun
  };

  segment_copies &segment_of(const segment_id &segment) {
    return segments_.try_emplace(segment, segment, found_, seen_).first->second;
  }
  void take(const std::string &server, const host::commit &what, const host::entry_write &write);
  void check_value(const stored_value &before, const wire::entry_header &now, const std::string &server);
  void check_new(const segment_id &segment, const wire::entry_header &entry, std::uint64_t bytes);
  void check_row(const std::string &server, const segment_id &segment, const host::segment_row &now);
  std::optional<wire::spilled_record> take_reference(const wire::entry_header &entry, const rope &body);
  void check_window(const segment_id &segment, const segment_copies &of);
  void advance(const segment_id &segment, segment_copies &of);

  const chains &chains_;
  const blob_shelf &shelf_;
  findings &found_;
  coverage &seen_;
  std::map<segment_id, segment_copies> segments_;
  std::uint64_t entries_written_ = 0;
  std::uint64_t bulk_window_bytes_ = UINT64_MAX;
};

} // namespace outsize::sim
