// Appending and reading records that are larger than what a log takes as one entry. See messages.hpp.
#pragma once

#include <outsize/wire/messages/kind.hpp>
#include <outsize/wire/messages/records.hpp>
#include <outsize/wire/messages/refusal.hpp>
#include <outsize/wire/types.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace outsize::wire {

/// Opens the append of one record whose payload comes in pieces. Payload: the encoded record header.
struct open_append {
  static constexpr kind number = kind::open_append;
  std::string log;
  std::uint64_t payload_bytes = 0; ///< of the whole record
  std::uint64_t time_left_ms = 0;  ///< how long the client waits for each answer, 0 = as long as the node allows
  std::uint8_t relayed = 0;
  std::uint32_t restarts = 0; ///< how often this record was begun before and was cut off by the end of a segment
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.log, "log");
    visit(2, self.payload_bytes, "payload_bytes");
    visit(3, self.time_left_ms, "time_left_ms");
    visit(4, self.relayed, "relayed");
    visit(5, self.restarts, "restarts");
  }
};
/// What the size policies say. One of three: the append is open; its outcome is known (refused, or appended before);
/// or, with neither stream nor outcome, the record goes whole, in an append.
struct append_opened {
  static constexpr kind number = kind::append_opened;
  std::uint64_t stream = 0;       ///< names the append on this link; 0: it is not open
  std::uint64_t piece_bytes = 0;  ///< every piece has exactly so many bytes, the last one the rest
  std::uint64_t window_bytes = 0; ///< bytes of pieces that may be unanswered; at least one piece
  std::optional<append_result> outcome;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.stream, "stream");
    visit(2, self.piece_bytes, "piece_bytes");
    visit(3, self.window_bytes, "window_bytes");
    visit(4, self.outcome, "outcome");
  }
};

/// The next piece of the payload. Payload: its bytes.
struct append_piece {
  static constexpr kind number = kind::append_piece;
  std::uint64_t stream = 0;
  std::uint32_t index = 0; ///< from 0, one after the other
  digest content{};        ///< XXH3-128 of the piece
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.stream, "stream");
    visit(2, self.index, "index");
    visit(3, self.content, "content");
  }
};
/// There is room for more, or the append has ended.
struct piece_taken {
  static constexpr kind number = kind::piece_taken;
  std::optional<append_result> outcome; ///< it was refused: no piece is wanted any more, and the stream is gone
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) { visit(1, self.outcome, "outcome"); }
};

/// Every piece was sent.
struct finish_append {
  static constexpr kind number = kind::finish_append;
  std::uint64_t stream = 0;
  digest content{}; ///< XXH3-128 of record header and payload
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.stream, "stream");
    visit(2, self.content, "content");
  }
};
struct append_finished {
  static constexpr kind number = kind::append_finished;
  append_result outcome;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) { visit(1, self.outcome, "outcome"); }
};

/// One way: the rest will not come. Nothing of the record becomes visible.
struct abandon_append {
  static constexpr kind number = kind::abandon_append;
  std::uint64_t stream = 0;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) { visit(1, self.stream, "stream"); }
};

/// Bytes of the payload of the split or spilled record at `offset`.
struct read_payload {
  static constexpr kind number = kind::read_payload;
  std::string log;
  offset_t offset = no_offset;
  std::uint64_t from = 0;      ///< position in the payload
  std::uint64_t bytes_max = 0; ///< at most so many, and at most what the node gives at a time; 0 = the latter
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.log, "log");
    visit(2, self.offset, "offset");
    visit(3, self.from, "from");
    visit(4, self.bytes_max, "bytes_max");
  }
};
/// Payload: the bytes, each fragment or blob part they come from verified; none only at the end.
struct payload_piece {
  static constexpr kind number = kind::payload_piece;
  std::uint64_t from = 0;
  std::uint64_t total_bytes = 0; ///< of the whole payload
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.from, "from");
    visit(2, self.total_bytes, "total_bytes");
  }
};

} // namespace outsize::wire
