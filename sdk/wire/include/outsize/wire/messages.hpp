// Every message of the protocol, as a struct with numbered fields.
//
// A message is a header part and, for some kinds, payload bytes. The header part is MessagePack: an array of kind,
// message number and body; the body is a map from field number to value. Integers have the width of their C++ type on
// the wire, always, so that sizes do not depend on values. Unknown fields are skipped; an unknown kind is answered with
// `failure` and code unsupported. docs/protocol.md is the prose to this file.
//
// `visit` lists the fields once, for encoder, decoder, sizer and the documentation test. Numbers are never reused.
#pragma once

#include <outsize/buffer.hpp>
#include <outsize/error.hpp>
#include <outsize/wire/types.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace outsize::wire {

enum class kind : std::uint16_t {
  hello = 1,
  welcome = 2,
  goodbye = 3,
  ping = 4,
  pong = 5,
  part = 6,
  credit = 7,
  failure = 8,
  withdraw = 9,

  append = 16,
  appended = 17,
  read = 18,
  records = 19,
  find_tail = 20,
  tail = 21,
  open_append = 22,
  append_opened = 23,
  append_piece = 24,
  piece_taken = 25,
  finish_append = 26,
  append_finished = 27,
  abandon_append = 28,
  read_payload = 30,
  payload_piece = 31,

  store = 32,
  stored = 33,
  seal = 34,
  sealed = 35,
  fetch = 36,
  fetched = 37,
  list_entries = 38,
  entries = 39,
  describe_segment = 40,
  segment_state = 41,
  release = 42,
  fetch_set = 44,
  set_fetched = 45,

  sync_metadata = 48,
  metadata = 49,
  update_metadata = 50,
  metadata_updated = 51,

  command = 64,
  command_result = 65,
};

// ---- opening, keeping and closing a link ----------------------------------------------------------------------------

/// What this version speaks.
inline constexpr std::uint16_t protocol_version = 1;

/// First message of the side that dialled; answered by welcome or goodbye. Both sides send at most the smaller of the
/// two message limits from then on.
struct hello {
  static constexpr kind number = kind::hello;
  std::uint16_t protocol_min = 0;
  std::uint16_t protocol_max = 0;
  peer_role role = peer_role::node;
  link_class link = link_class::control;
  cluster_id cluster{};     ///< all zero: not known yet
  std::string cluster_name; ///< empty from clients
  std::string node;         ///< node name, or whatever a client calls itself
  generation_t generation = 0;
  std::uint64_t message_limit_bytes = 0; ///< the largest whole message this side takes
  std::uint64_t part_window_bytes = 0;   ///< bytes of part messages it takes before it has to give credit; 0: no parts
  std::uint64_t capabilities = 0;        ///< bits, none defined yet
  std::uint64_t append_window_bytes = 0; ///< append bytes a client may have unanswered; 0 from clients
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.protocol_min, "protocol_min");
    visit(2, self.protocol_max, "protocol_max");
    visit(3, self.role, "role");
    visit(4, self.link, "link");
    visit(5, self.cluster, "cluster");
    visit(6, self.cluster_name, "cluster_name");
    visit(7, self.node, "node");
    visit(8, self.generation, "generation");
    visit(9, self.message_limit_bytes, "message_limit_bytes");
    visit(10, self.part_window_bytes, "part_window_bytes");
    visit(11, self.capabilities, "capabilities");
    visit(12, self.append_window_bytes, "append_window_bytes");
  }
};

/// The answer to hello, with the same fields about the other side; protocol_min = protocol_max = the version chosen.
struct welcome : hello {
  static constexpr kind number = kind::welcome;
};

/// One policy that was asked about a record, and what it said.
struct policy_step {
  std::string policy; ///< its configured name
  std::string plan;   ///< decline, reject, split, spill, or error
  std::string reason;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.policy, "policy");
    visit(2, self.plan, "plan");
    visit(3, self.reason, "reason");
  }
  bool operator==(const policy_step &) const = default;
};

/// Where on its way a record was refused.
enum class stage : std::uint8_t { none = 0, admission = 1, batch = 2, transport = 3, storage = 4 };

/// A failure as it crosses the wire: an error and, for appends, the whole refusal shape.
struct refusal {
  code why = code::internal;
  std::uint64_t actual_bytes = 0;
  std::uint64_t limit_bytes = 0;
  std::string text;
  std::string remedy; ///< empty: the table's remedy for the code
  std::string peer;   ///< who said so, when it was not the node that answers
  stage at = stage::none;
  std::string limit_source; ///< "log orders", "host", "peer n1", "store archive"; empty where no limit is involved
  std::string log;
  std::string producer;
  std::uint32_t record_index = 0;
  std::vector<policy_step> policy_trace;
  retry_class retry = retry_class::never; ///< what the table says of the code, for those who do not know it
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.why, "code");
    visit(2, self.actual_bytes, "actual_bytes");
    visit(3, self.limit_bytes, "limit_bytes");
    visit(4, self.text, "text");
    visit(5, self.remedy, "remedy");
    visit(6, self.peer, "peer");
    visit(7, self.at, "stage");
    visit(8, self.limit_source, "limit_source");
    visit(9, self.log, "log");
    visit(10, self.producer, "producer");
    visit(11, self.record_index, "record_index");
    visit(12, self.policy_trace, "policy_trace");
    visit(13, self.retry, "retry");
  }
  bool operator==(const refusal &) const = default;
};

refusal to_refusal(const error &from);
error to_error(const refusal &from);

/// "This link ends, and why." The sender closes the link behind it.
struct goodbye {
  static constexpr kind number = kind::goodbye;
  refusal why;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) { visit(1, self.why, "why"); }
};

/// Sent on a link on which nothing came for a while; answered by pong with the same number.
struct ping {
  static constexpr kind number = kind::ping;
  template <class Self, class Visit> static void visit(Self &, Visit &&) {}
};
struct pong {
  static constexpr kind number = kind::pong;
  template <class Self, class Visit> static void visit(Self &, Visit &&) {}
};

/// A piece of a message that is larger than one part may be. The pieces together are the message's header part followed
/// by its payload. Pieces of one message come in order; pieces of several may be interleaved. A part without payload
/// says that the rest of the message will not come; its other fields mean nothing.
struct part {
  static constexpr kind number = kind::part;
  std::uint64_t message = 0;      ///< names the large message on this link in this direction: 1, 2, 3, …
  std::uint64_t header_bytes = 0; ///< length of its header part
  std::uint64_t total_bytes = 0;  ///< header part and payload
  std::uint64_t from = 0;         ///< position of this piece
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.message, "message");
    visit(2, self.header_bytes, "header_bytes");
    visit(3, self.total_bytes, "total_bytes");
    visit(4, self.from, "from");
  }
};

/// Gives the sender of parts room for that many more bytes of them.
struct credit {
  static constexpr kind number = kind::credit;
  std::uint64_t bytes = 0;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) { visit(1, self.bytes, "bytes"); }
};

/// The answer to a request that cannot be answered otherwise.
struct failure {
  static constexpr kind number = kind::failure;
  refusal why;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) { visit(1, self.why, "why"); }
};

/// The asker no longer waits for the answer to the request of that number; parts of it not yet sent need not be.
struct withdraw {
  static constexpr kind number = kind::withdraw;
  std::uint64_t message = 0;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) { visit(1, self.message, "message"); }
};

// ---- clients --------------------------------------------------------------------------------------------------------

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

// ---- clients: records larger than what a log takes as one entry -----------------------------------------------------

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

// ---- log servers ----------------------------------------------------------------------------------------------------

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

// ---- metadata -------------------------------------------------------------------------------------------------------

struct metadata_item {
  std::string key;
  std::uint64_t version = 0; ///< the revision that wrote it; 0 = absent
  std::string value;         ///< JSON
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.key, "key");
    visit(2, self.version, "version");
    visit(3, self.value, "value");
  }
  bool operator==(const metadata_item &) const = default;
};

/// Everything that changed after revision `since`; waits up to wait_ms for a change.
struct sync_metadata {
  static constexpr kind number = kind::sync_metadata;
  std::uint64_t since = 0;
  std::uint64_t wait_ms = 0;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.since, "since");
    visit(2, self.wait_ms, "wait_ms");
  }
};
struct metadata {
  static constexpr kind number = kind::metadata;
  cluster_id cluster{};
  std::uint64_t revision = 0;
  std::vector<metadata_item> items;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.cluster, "cluster");
    visit(2, self.revision, "revision");
    visit(3, self.items, "items");
  }
};

/// Compare-and-swap of one key.
struct update_metadata {
  static constexpr kind number = kind::update_metadata;
  std::string key;
  std::uint64_t expected_version = 0; ///< 0 = must be absent
  std::string value;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.key, "key");
    visit(2, self.expected_version, "expected_version");
    visit(3, self.value, "value");
  }
};
struct metadata_updated {
  static constexpr kind number = kind::metadata_updated;
  std::uint8_t swapped = 0;
  metadata_item current; ///< after the swap, or what stood in its way
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.swapped, "swapped");
    visit(2, self.current, "current");
  }
};

// ---- operators ------------------------------------------------------------------------------------------------------

/// An operator's command, its arguments and its result as JSON objects: they are for people and scripts, not for speed.
struct command {
  static constexpr kind number = kind::command;
  std::string name; ///< status, log-create, log-list, log-describe, digest
  std::string arguments;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.name, "name");
    visit(2, self.arguments, "arguments");
  }
};
struct command_result {
  static constexpr kind number = kind::command_result;
  std::string result;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) { visit(1, self.result, "result"); }
};

} // namespace outsize::wire
