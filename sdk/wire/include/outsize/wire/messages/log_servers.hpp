// What sequencers, readers and repair ask of log servers. See messages.hpp.
#pragma once

#include <outsize/buffer.hpp>
#include <outsize/wire/messages/kind.hpp>
#include <outsize/wire/messages/refusal.hpp>
#include <outsize/wire/types.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace outsize::wire {

inline constexpr std::uint8_t store_is_repair = 1;   ///< by seal and repair: passes a seal, may fill a hole
inline constexpr std::uint8_t store_is_catch_up = 2; ///< by the log server itself, below the global tail

/// A batch of entries with offsets first_offset, first_offset + 1, …; their bytes in the payload, in order.
struct store {
  static constexpr kind number = kind::store;
  segment_id segment;
  generation_t generation = 0;      ///< of the sender; a server that was fenced by a newer one refuses
  std::uint32_t wave = 0;           ///< 1 = first attempt
  std::uint8_t flags = 0;           ///< store_is_*
  offset_t global_tail = no_offset; ///< as the sender knows it
  offset_t trim_point = 0;
  offset_t first = no_offset;
  std::uint64_t time_left_ms = 0;
  std::vector<buffer> entry_headers;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.segment, "segment");
    visit(2, self.generation, "generation");
    visit(3, self.wave, "wave");
    visit(4, self.flags, "flags");
    visit(5, self.global_tail, "global_tail");
    visit(6, self.trim_point, "trim_point");
    visit(7, self.first, "first");
    visit(8, self.time_left_ms, "time_left_ms");
    visit(9, self.entry_headers, "entry_headers");
  }
};

/// What a log server says about itself in every answer.
struct server_state {
  offset_t local_tail =
      no_offset; ///< first offset it has not got; everything below is durable or below the global tail
  offset_t global_tail = no_offset; ///< as it knows it
  std::uint8_t sealed = 0;
  generation_t fence = 0; ///< generations below this one are refused
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.local_tail, "local_tail");
    visit(2, self.global_tail, "global_tail");
    visit(3, self.sealed, "sealed");
    visit(4, self.fence, "fence");
  }
  bool operator==(const server_state &) const = default;
};

/// Durable, or why not.
struct stored {
  static constexpr kind number = kind::stored;
  segment_id segment;
  server_state state;
  std::optional<refusal> refused;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.segment, "segment");
    visit(2, self.state, "state");
    visit(3, self.refused, "refused");
  }
};

/// Fences every generation below `generation` and takes no more stores but repairs.
struct seal {
  static constexpr kind number = kind::seal;
  segment_id segment;
  generation_t generation = 0;
  offset_t global_tail = no_offset;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.segment, "segment");
    visit(2, self.generation, "generation");
    visit(3, self.global_tail, "global_tail");
  }
};
struct sealed {
  static constexpr kind number = kind::sealed;
  segment_id segment;
  server_state state;
  std::optional<refusal> refused;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.segment, "segment");
    visit(2, self.state, "state");
    visit(3, self.refused, "refused");
  }
};

inline constexpr std::uint8_t fetch_beyond_tail = 1; ///< repair: also entries at or above the global tail
inline constexpr std::uint8_t fetch_for_readers = 2; ///< fragments come as headers without their bytes

/// Entries with offsets in [from, to) that this server holds.
struct fetch {
  static constexpr kind number = kind::fetch;
  segment_id segment;
  offset_t from = no_offset;
  offset_t to = no_offset;
  std::uint32_t count_max = 0;
  std::uint64_t bytes_max = 0;      ///< soft: at least one entry comes if there is one
  std::uint8_t flags = 0;           ///< fetch_*
  offset_t global_tail = no_offset; ///< as the asker knows it: the server serves below the larger of both
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.segment, "segment");
    visit(2, self.from, "from");
    visit(3, self.to, "to");
    visit(4, self.count_max, "count_max");
    visit(5, self.bytes_max, "bytes_max");
    visit(6, self.flags, "flags");
    visit(7, self.global_tail, "global_tail");
  }
};
struct fetched {
  static constexpr kind number = kind::fetched;
  segment_id segment;
  server_state state;
  std::vector<buffer> entry_headers;
  offset_t next = no_offset;     ///< offsets below it and not among entry_headers are not here
  std::vector<offset_t> corrupt; ///< offsets below next that are here but do not match their checksum
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.segment, "segment");
    visit(2, self.state, "state");
    visit(3, self.entry_headers, "entry_headers");
    visit(4, self.next, "next");
    visit(5, self.corrupt, "corrupt");
  }
};

/// Which entries this server holds in [from, to): their headers, without their bytes.
struct list_entries {
  static constexpr kind number = kind::list_entries;
  segment_id segment;
  offset_t from = no_offset;
  offset_t to = UINT64_MAX;
  std::uint32_t count_max = 0;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.segment, "segment");
    visit(2, self.from, "from");
    visit(3, self.to, "to");
    visit(4, self.count_max, "count_max");
  }
};
struct entries {
  static constexpr kind number = kind::entries;
  segment_id segment;
  server_state state;
  std::vector<buffer> entry_headers;
  offset_t next = no_offset;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.segment, "segment");
    visit(2, self.state, "state");
    visit(3, self.entry_headers, "entry_headers");
    visit(4, self.next, "next");
  }
};

/// Fragments [from, to) of one split set that this server holds.
struct fetch_set {
  static constexpr kind number = kind::fetch_set;
  segment_id segment;
  std::uint64_t set = 0;
  std::uint32_t from = 0; ///< fragment index
  std::uint32_t to = 0;
  std::uint64_t bytes_max = 0;      ///< soft: at least one fragment comes if there is one
  offset_t global_tail = no_offset; ///< as the asker knows it
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.segment, "segment");
    visit(2, self.set, "set");
    visit(3, self.from, "from");
    visit(4, self.to, "to");
    visit(5, self.bytes_max, "bytes_max");
    visit(6, self.global_tail, "global_tail");
  }
};
/// As fetched: the entries of the fragments in the payload, in the order of their index.
struct set_fetched {
  static constexpr kind number = kind::set_fetched;
  segment_id segment;
  server_state state;
  std::vector<buffer> entry_headers;
  std::uint32_t next = 0;        ///< indices below it, from `from` on, and not among entry_headers are not here
  std::vector<offset_t> corrupt; ///< offsets of fragments below next that do not match their checksum
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.segment, "segment");
    visit(2, self.state, "state");
    visit(3, self.entry_headers, "entry_headers");
    visit(4, self.next, "next");
    visit(5, self.corrupt, "corrupt");
  }
};

struct describe_segment {
  static constexpr kind number = kind::describe_segment;
  segment_id segment;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) { visit(1, self.segment, "segment"); }
};
struct segment_state {
  static constexpr kind number = kind::segment_state;
  segment_id segment;
  server_state state;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.segment, "segment");
    visit(2, self.state, "state");
  }
};

/// One way: the global tail, told when no store carries it.
struct release {
  static constexpr kind number = kind::release;
  segment_id segment;
  generation_t generation = 0;
  offset_t global_tail = no_offset;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.segment, "segment");
    visit(2, self.generation, "generation");
    visit(3, self.global_tail, "global_tail");
  }
};

} // namespace outsize::wire
