// The words of the protocol as types: segments, offsets, entries, digests.
//
// Thread rule: plain values.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace outsize::wire {

/// A position in a log, assigned by its sequencer; increasing, not dense for readers. 0 is never an offset.
using offset_t = std::uint64_t;
inline constexpr offset_t no_offset = 0;
inline constexpr offset_t first_offset = 1;

/// How often a node was started, handed out by the metadata store; 0 = unknown.
using generation_t = std::uint64_t;

/// One segment of one log, for ever.
struct segment_id {
  std::uint64_t log = 0;   ///< number of the log, given when it was created; 0 is no log
  std::uint32_t index = 0; ///< position in the log's chain, from 0
  auto operator<=>(const segment_id &) const = default;
};

/// 128 bits of XXH3, big endian ("canonical" form).
using digest = std::array<std::uint8_t, 16>;

/// 16 random bytes that name a cluster, made with it; all zero = not known yet.
using cluster_id = std::array<std::uint8_t, 16>;

/// What an entry is.
enum class entry_kind : std::uint8_t {
  data = 1,      ///< a whole record
  fragment = 2,  ///< a piece of a split record; readers skip it
  commit = 3,    ///< makes a split record visible, whole, at this offset
  reference = 4, ///< a record whose payload lies in a blob store
  filler = 5,    ///< an offset that holds no record, by repair or by the sequencer
  abort = 6,     ///< a split set that will never be committed, with its reason
};

/// Which of the links between two nodes this is; each has its own queues, so that bulk never delays answers.
enum class link_class : std::uint8_t { control = 1, stores = 2, reads = 3 };

enum class peer_role : std::uint8_t { node = 1, client = 2 };

/// The fixed part of an entry. All of it is encoded with fixed widths (entry_header_bytes), so that the size of an
/// entry is known before any of these values is.
struct entry_header {
  segment_id segment;
  offset_t offset = no_offset;
  generation_t generation = 0; ///< of the sequencer that assigned the offset
  entry_kind kind = entry_kind::data;
  std::uint8_t flags = 0;           ///< none defined yet; kept by everybody
  std::uint64_t set = 0;            ///< fragment, commit, abort: number of the split set; else 0
  std::uint32_t fragment_index = 0; ///< fragment: from 0
  std::uint64_t total_bytes = 0;    ///< fragment: payload length of the whole record
  std::uint64_t timestamp_ms = 0;   ///< the sequencer's wall clock at the append; decides nothing
  std::uint32_t record_header_bytes = 0;
  std::uint64_t payload_bytes = 0;
  digest content{};  ///< XXH3-128 of record header and payload, made by the client
  digest checksum{}; ///< XXH3-128 of the encoded header up to here: binds content to segment, offset and generation
  bool operator==(const entry_header &) const = default;
};

/// What a producer says about one append. All zero and empty: no producer, no order, no duplicate detection.
struct producer_fields {
  std::string producer; ///< at most producer_name_bytes_max
  std::uint64_t epoch = 0;
  std::uint64_t sequence = 0;    ///< from 1; 0 = none
  std::uint64_t predecessor = 0; ///< sequence of the producer's last append that was not refused; 0 = none
  bool operator==(const producer_fields &) const = default;
};

struct record_field {
  std::string name;
  std::string value; ///< any bytes
  bool operator==(const record_field &) const = default;
};

/// The variable part of a record that is not payload; encoded once, by the client, and carried as it is.
struct record_header {
  producer_fields producer;
  bool has_key = false;
  std::string key; ///< any bytes
  std::vector<record_field> headers;
  bool operator==(const record_header &) const = default;
};

/// A split record, as its commit entry describes it. Fragment i holds payload bytes from i * fragment_bytes on.
struct split_record {
  offset_t first = no_offset; ///< of fragment 0
  offset_t last = no_offset;  ///< of the last fragment; other entries may lie between them
  std::uint32_t fragments = 0;
  std::uint64_t fragment_bytes = 0; ///< of each but the last
  std::uint64_t payload_bytes = 0;
  digest content{}; ///< XXH3-128 of record header and whole payload, made by the client
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.first, "first");
    visit(2, self.last, "last");
    visit(3, self.fragments, "fragments");
    visit(4, self.fragment_bytes, "fragment_bytes");
    visit(5, self.payload_bytes, "payload_bytes");
    visit(6, self.content, "content");
  }
  bool operator==(const split_record &) const = default;
};

/// A record whose payload lies in a blob store, as its reference entry describes it.
struct spilled_record {
  std::string store; ///< configured name of the blob store; at most blob_store_name_bytes_max
  std::string key;   ///< of the blob; at most blob_key_bytes_max
  std::uint64_t payload_bytes = 0;
  digest content{};             ///< XXH3-128 of record header and whole payload, made by the client
  std::uint64_t part_bytes = 0; ///< of each but the last part of the blob, which can be verified by itself
  digest parts{};               ///< XXH3-128 of the digests of all parts, one behind the other
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.store, "store");
    visit(2, self.key, "key");
    visit(3, self.payload_bytes, "payload_bytes");
    visit(4, self.content, "content");
    visit(5, self.part_bytes, "part_bytes");
    visit(6, self.parts, "parts");
  }
  bool operator==(const spilled_record &) const = default;
};

/// A split set that will never be committed.
struct aborted_set {
  std::uint32_t fragments = 0; ///< that were given offsets
  std::uint64_t bytes = 0;     ///< of them
  std::string reason;          ///< for people; cut off at aborted_reason_bytes_max
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.fragments, "fragments");
    visit(2, self.bytes, "bytes");
    visit(3, self.reason, "reason");
  }
  bool operator==(const aborted_set &) const = default;
};

} // namespace outsize::wire
