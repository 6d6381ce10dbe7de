// Appending and reading records. See messages.hpp.
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

/// One record of an append. Its bytes (record header, then payload) stand in the message's payload, in order.
struct record_item {
  std::uint32_t record_header_bytes = 0;
  std::uint64_t payload_bytes = 0;
  digest content{}; ///< XXH3-128 of record header and payload
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.record_header_bytes, "record_header_bytes");
    visit(2, self.payload_bytes, "payload_bytes");
    visit(3, self.content, "content");
  }
};

/// Appends records. Not atomic: each gets its own answer.
struct append {
  static constexpr kind number = kind::append;
  std::string log;
  std::vector<record_item> records;
  std::uint64_t time_left_ms = 0; ///< 0 = no deadline
  std::uint8_t relayed = 0;       ///< hops so far; a node relays once
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.log, "log");
    visit(2, self.records, "records");
    visit(3, self.time_left_ms, "time_left_ms");
    visit(4, self.relayed, "relayed");
  }
};

enum class stored_as : std::uint8_t { inline_ = 1, split = 2, spilled = 3 };

/// What became of one record: an offset, or a refusal.
struct append_result {
  offset_t offset = no_offset;
  std::uint64_t entry_bytes = 0;
  stored_as stored = stored_as::inline_;
  std::uint32_t fragments = 0;
  std::string store;
  std::uint8_t duplicate = 0; ///< 1: this sequence was appended before, at `offset`
  std::optional<refusal> refused;
  std::vector<policy_step> policy_trace;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.offset, "offset");
    visit(2, self.entry_bytes, "entry_bytes");
    visit(3, self.stored, "stored");
    visit(4, self.fragments, "fragments");
    visit(5, self.store, "store");
    visit(6, self.duplicate, "duplicate");
    visit(7, self.refused, "refused");
    visit(8, self.policy_trace, "policy_trace");
  }
};

struct appended {
  static constexpr kind number = kind::appended;
  std::vector<append_result> results; ///< one for each record, in order
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) { visit(1, self.results, "results"); }
};

/// Reads committed records with offsets in [from, to], in order.
struct read {
  static constexpr kind number = kind::read;
  std::string log;
  offset_t from = first_offset;
  offset_t to = UINT64_MAX;
  std::uint32_t count_max = 0; ///< 0 = as many as fit
  std::uint64_t bytes_max = 0; ///< soft: at least one record comes, whatever its size
  std::uint64_t wait_ms = 0;   ///< how long to wait at the tail for a record
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.log, "log");
    visit(2, self.from, "from");
    visit(3, self.to, "to");
    visit(4, self.count_max, "count_max");
    visit(5, self.bytes_max, "bytes_max");
    visit(6, self.wait_ms, "wait_ms");
  }
};

/// Records, as entries: encoded entry headers here, the bytes of each (record header, then payload) in the payload.
struct records {
  static constexpr kind number = kind::records;
  std::vector<buffer> entry_headers;
  offset_t next = no_offset; ///< where the next read goes on; everything before it has been delivered
  offset_t global_tail = no_offset;
  offset_t trim_point = 0;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.entry_headers, "entry_headers");
    visit(2, self.next, "next");
    visit(3, self.global_tail, "global_tail");
    visit(4, self.trim_point, "trim_point");
  }
};

struct find_tail {
  static constexpr kind number = kind::find_tail;
  std::string log;
  std::uint8_t relayed = 0;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.log, "log");
    visit(2, self.relayed, "relayed");
  }
};
struct tail {
  static constexpr kind number = kind::tail;
  offset_t global_tail = no_offset;
  segment_id segment;
  std::string sequencer;
  generation_t generation = 0;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.global_tail, "global_tail");
    visit(2, self.segment, "segment");
    visit(3, self.sequencer, "sequencer");
    visit(4, self.generation, "generation");
  }
};

} // namespace outsize::wire
