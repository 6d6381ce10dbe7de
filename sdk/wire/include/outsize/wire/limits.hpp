// Every limit of the protocol, each derived from the one above it, and the sizes that tie a message limit to the
// largest entry it can carry. All figures are bytes unless the name says otherwise.
#pragma once

#include <algorithm>
#include <cstdint>

namespace outsize::wire {

inline constexpr std::uint64_t kib = 1024;
inline constexpr std::uint64_t mib = 1024 * kib;

/// The smallest message limit a node may have: a hello, a refusal and one entry of some use must fit.
inline constexpr std::uint64_t message_limit_bytes_min = 4 * kib;
/// The largest: above it, memory per message stops being something to plan with; larger records are split or spilled.
inline constexpr std::uint64_t message_limit_bytes_max = 1024 * mib;

/// Key and headers together: at most this, and at most a quarter of the policy limit.
inline constexpr std::uint64_t record_fields_bytes_max = 64 * kib;
inline constexpr std::uint64_t producer_name_bytes_max = 128;
inline constexpr std::uint64_t log_name_bytes_max = 128;
inline constexpr std::uint64_t node_name_bytes_max = 64;
inline constexpr std::uint64_t blob_store_name_bytes_max = 64;
inline constexpr std::uint64_t blob_key_bytes_max = 256;

/// Fragments of one split record; one more, and the next policy is asked.
inline constexpr std::uint32_t fragments_max = 65'536;
inline constexpr std::uint64_t aborted_reason_bytes_max = 256;

/// Messages above this go in parts, however large the link's limit: a part is what others wait behind.
inline constexpr std::uint64_t part_bytes_max = 1 * mib;
/// A piece that is not the last carries at least this much: less would cost more to keep than it brings.
inline constexpr std::uint64_t part_piece_bytes_min = 1 * kib;
/// Messages in parts that may be under way at once on a link in one direction.
inline constexpr std::uint64_t large_messages_max = 64;
/// The header part of any message; a store of 25,000 entries stays below.
inline constexpr std::uint64_t header_part_bytes_max = 4 * mib;
/// Entries above this are bulk.
inline constexpr std::uint64_t bulk_entry_bytes_min = 64 * kib;
/// Bytes of bulk in flight to one peer before credit has to come back.
inline constexpr std::uint64_t part_window_bytes_default = 4 * mib;
static_assert(part_window_bytes_default >= 2 * part_bytes_max, "one part on its way while the next is prepared");

/// A decoded message takes at most this many bytes of memory for each byte of its header part, plus a constant: what a
/// declared count may make a decoder allocate. The most that an honest message needs is append_result, 9.5 to 1
/// (codec_test.cpp).
inline constexpr std::uint64_t decoded_bytes_per_header_byte_max = 10;
inline constexpr std::uint64_t decoded_bytes_base = 4 * kib;

// ---- exact encoded sizes; codec_test.cpp compares each with what the encoder writes -------------------------------

/// [kind, number, body]: array mark, 16-bit kind, 64-bit number.
inline constexpr std::uint64_t envelope_bytes = 1 + 3 + 9;

/// Integers have the width of their type; lengths and counts have the shortest head.
namespace size_of {
inline constexpr std::uint64_t field = 1; ///< a field number, at most 127
inline constexpr std::uint64_t map = 1;   ///< at most 15 fields
template <class T> inline constexpr std::uint64_t integer = 1 + sizeof(T);
inline constexpr std::uint64_t u8 = integer<std::uint8_t>;
inline constexpr std::uint64_t u16 = integer<std::uint16_t>;
inline constexpr std::uint64_t u32 = integer<std::uint32_t>;
inline constexpr std::uint64_t u64 = integer<std::uint64_t>;
constexpr std::uint64_t array_head(std::uint64_t count) {
  return count < 16 ? 1 : count <= UINT16_MAX ? 3 : 5;
}
constexpr std::uint64_t str_head(std::uint64_t bytes) {
  return bytes < 32 ? 1 : bytes <= UINT8_MAX ? 2 : bytes <= UINT16_MAX ? 3 : 5;
}
constexpr std::uint64_t bin_head(std::uint64_t bytes) {
  return bytes <= UINT8_MAX ? 2 : bytes <= UINT16_MAX ? 3 : 5;
}
inline constexpr std::uint64_t digest = bin_head(16) + 16;
inline constexpr std::uint64_t segment = array_head(2) + u64 + u32;
} // namespace size_of

/// An encoded entry_header.
inline constexpr std::uint64_t entry_header_bytes =
    size_of::array_head(13) + size_of::segment + size_of::u64 /* offset */ + size_of::u64 /* generation */ +
    2 * size_of::u8 /* kind, flags */ + size_of::u64 /* set */ + size_of::u32 /* fragment index */ +
    size_of::u64 /* total */ + size_of::u64 /* timestamp */ + size_of::u32 /* record header */ +
    size_of::u64 /* payload */ + 2 * size_of::digest /* content, checksum */;

inline constexpr std::uint64_t server_state_bytes = size_of::map + 4 * size_of::field + 3 * size_of::u64 + size_of::u8;

/// What a store message adds to the `entries` it carries, apart from per_entry_bytes.
constexpr std::uint64_t store_overhead_bytes(std::uint64_t entries) {
  return envelope_bytes + size_of::map + 9 * size_of::field + size_of::segment + size_of::u64 /* generation */ +
         size_of::u32 /* wave */ + size_of::u8 /* flags */ + 2 * size_of::u64 /* tail, trim */ +
         size_of::u64 /* first */ + size_of::u64 /* time left */ + size_of::array_head(entries);
}
/// What each entry adds besides its own bytes (header, record header, payload): the head of its encoded header.
inline constexpr std::uint64_t per_entry_bytes = size_of::bin_head(entry_header_bytes);

/// As above for a fetched message, which may list `corrupt` offsets, fetched_corrupt_max at most.
inline constexpr std::uint64_t fetched_corrupt_max = 16;
constexpr std::uint64_t fetched_overhead_bytes(std::uint64_t entries, std::uint64_t corrupt) {
  return envelope_bytes + size_of::map + 5 * size_of::field + size_of::segment + server_state_bytes +
         size_of::array_head(entries) + size_of::u64 + size_of::array_head(corrupt) + corrupt * size_of::u64;
}
/// As above for a set_fetched message, which may list as many.
constexpr std::uint64_t set_fetched_overhead_bytes(std::uint64_t entries, std::uint64_t corrupt) {
  return envelope_bytes + size_of::map + 5 * size_of::field + size_of::segment + server_state_bytes +
         size_of::array_head(entries) + size_of::u32 + size_of::array_head(corrupt) + corrupt * size_of::u64;
}
/// As above for a records message.
constexpr std::uint64_t records_overhead_bytes(std::uint64_t entries) {
  return envelope_bytes + size_of::map + 4 * size_of::field + size_of::array_head(entries) + 3 * size_of::u64;
}

/// The largest overhead of any message that carries a whole entry. An entry that leaves no room for a second one
/// travels alone, and the heads of counts do not shrink when they grow: one entry, and the longest list beside it.
inline constexpr std::uint64_t carrier_overhead_bytes =
    std::max({store_overhead_bytes(1), fetched_overhead_bytes(1, fetched_corrupt_max),
              set_fetched_overhead_bytes(1, fetched_corrupt_max), records_overhead_bytes(1)}) +
    per_entry_bytes;

/// The largest entry (entry header, record header, payload) that fits every message under `message_limit_bytes`.
constexpr std::uint64_t entry_bytes_max(std::uint64_t message_limit_bytes) {
  return message_limit_bytes - carrier_overhead_bytes;
}
/// The largest record (record header and payload) that fits.
constexpr std::uint64_t record_bytes_max(std::uint64_t message_limit_bytes) {
  return entry_bytes_max(message_limit_bytes) - entry_header_bytes;
}
static_assert(carrier_overhead_bytes + entry_header_bytes < message_limit_bytes_min / 4,
              "most of the smallest legal message is left for the record");

/// What follows the record header in a commit entry, and in a reference entry at most; of an abort entry all.
inline constexpr std::uint64_t split_record_bytes =
    size_of::map + 6 * size_of::field + 4 * size_of::u64 + size_of::u32 + size_of::digest;
inline constexpr std::uint64_t spilled_record_bytes_max =
    size_of::map + 6 * size_of::field + size_of::str_head(blob_store_name_bytes_max) + blob_store_name_bytes_max +
    size_of::str_head(blob_key_bytes_max) + blob_key_bytes_max + 2 * size_of::u64 + 2 * size_of::digest;
inline constexpr std::uint64_t aborted_set_bytes_max = size_of::map + 3 * size_of::field + size_of::u32 + size_of::u64 +
                                                       size_of::str_head(aborted_reason_bytes_max) +
                                                       aborted_reason_bytes_max;
static_assert(split_record_bytes <= 512 && spilled_record_bytes_max <= 512 && aborted_set_bytes_max <= 512);

/// A window below this is no window: 0 says "no parts", anything between is refused.
inline constexpr std::uint64_t part_window_bytes_min = message_limit_bytes_min;

/// What one part message adds to the piece it carries.
inline constexpr std::uint64_t part_overhead_bytes =
    envelope_bytes + size_of::map + 4 * (size_of::field + size_of::u64);
static_assert(message_limit_bytes_min - part_overhead_bytes >= part_piece_bytes_min,
              "a full part is never too small, whatever the link's limit");

} // namespace outsize::wire
