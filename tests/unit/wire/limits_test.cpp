#include "support/samples.hpp"

#include <outsize/wire/limits.hpp>

#include <catch2/catch.hpp>

using namespace outsize;
using namespace outsize::wire;
using namespace outsize::wire::test;

namespace {

template <class Message> std::uint64_t header_bytes(const Message &message) {
  return seal_envelope(encode(message), Message::number, UINT64_MAX).size();
}

/// Every field at the value that would be longest if widths depended on values.
entry_header longest_entry_header() {
  entry_header made;
  made.segment = {UINT64_MAX, UINT32_MAX};
  made.offset = made.generation = made.set = made.total_bytes = made.timestamp_ms = made.payload_bytes = UINT64_MAX;
  made.fragment_index = made.record_header_bytes = UINT32_MAX;
  made.flags = UINT8_MAX;
  made.kind = entry_kind::abort;
  made.content.fill(0xff);
  return made;
}

constexpr server_state longest_state{UINT64_MAX, UINT64_MAX, UINT8_MAX, UINT64_MAX};
constexpr segment_id longest_segment{UINT64_MAX, UINT32_MAX};

template <class Message> Message carrier(std::size_t entries);
template <> store carrier<store>(std::size_t entries) {
  return {longest_segment, UINT64_MAX, UINT32_MAX,
          UINT8_MAX,       UINT64_MAX, UINT64_MAX,
          UINT64_MAX,      UINT64_MAX, std::vector<buffer>(entries, encode_entry_header(longest_entry_header()))};
}
template <> fetched carrier<fetched>(std::size_t entries) {
  return {longest_segment, longest_state, std::vector<buffer>(entries, encode_entry_header(longest_entry_header())),
          UINT64_MAX, std::vector<offset_t>(fetched_corrupt_max, UINT64_MAX)};
}
template <> set_fetched carrier<set_fetched>(std::size_t entries) {
  return {longest_segment, longest_state, std::vector<buffer>(entries, encode_entry_header(longest_entry_header())),
          UINT32_MAX, std::vector<offset_t>(fetched_corrupt_max, UINT64_MAX)};
}
template <> records carrier<records>(std::size_t entries) {
  return {std::vector<buffer>(entries, encode_entry_header(longest_entry_header())), UINT64_MAX, UINT64_MAX,
          UINT64_MAX};
}

/// The sizes of every message that carries a whole entry of `entry_bytes`, the largest.
std::uint64_t largest_carrier_bytes(std::uint64_t entry_bytes) {
  const std::uint64_t body_bytes = entry_bytes - entry_header_bytes;
  return std::max({header_bytes(carrier<store>(1)), header_bytes(carrier<fetched>(1)),
                   header_bytes(carrier<set_fetched>(1)), header_bytes(carrier<records>(1))}) +
         body_bytes;
}

} // namespace

TEST_CASE("limits: envelope and primitive sizes are what the encoder writes") {
  CHECK(header_bytes(ping{}) == envelope_bytes + size_of::map);
  CHECK(header_bytes(credit{UINT64_MAX}) == envelope_bytes + size_of::map + size_of::field + size_of::u64);
  CHECK(header_bytes(describe_segment{}) == envelope_bytes + size_of::map + size_of::field + size_of::segment);
  CHECK(header_bytes(find_tail{"abc", 1}) ==
        envelope_bytes + size_of::map + 2 * size_of::field + size_of::str_head(3) + 3 + size_of::u8);
  CHECK(header_bytes(append{"", {record_item{}}, 0, 0}) ==
        envelope_bytes + size_of::map + 4 * size_of::field + size_of::str_head(0) + size_of::array_head(1) +
            size_of::map + 3 * size_of::field + size_of::u32 + size_of::u64 + size_of::digest + size_of::u64 +
            size_of::u8);
  CHECK(header_bytes(hello{}) == envelope_bytes + size_of::map + 12 * size_of::field + 2 * size_of::u16 +
                                     2 * size_of::u8 + size_of::digest + 2 * size_of::str_head(0) + 5 * size_of::u64);
}

TEST_CASE("limits: an entry header has one size, whatever its values") {
  CHECK(encode_entry_header({}).size() == entry_header_bytes);
  CHECK(encode_entry_header(longest_entry_header()).size() == entry_header_bytes);
}

TEST_CASE("limits: the overhead of every carrier of entries is what the encoder writes, wherever heads grow") {
  for (const std::size_t entries : {0U, 1U, 3U, 15U, 16U, 17U, 65'535U, 65'536U}) {
    const std::uint64_t each = per_entry_bytes + entry_header_bytes;
    CHECK(header_bytes(carrier<store>(entries)) == store_overhead_bytes(entries) + entries * each);
    CHECK(header_bytes(carrier<fetched>(entries)) ==
          fetched_overhead_bytes(entries, fetched_corrupt_max) + entries * each);
    CHECK(header_bytes(carrier<set_fetched>(entries)) ==
          set_fetched_overhead_bytes(entries, fetched_corrupt_max) + entries * each);
    CHECK(header_bytes(carrier<records>(entries)) == records_overhead_bytes(entries) + entries * each);
  }
  for (const std::size_t corrupt : {0U, 1U, 15U, 16U}) {
    fetched some = carrier<fetched>(1);
    some.corrupt.resize(corrupt);
    CHECK(header_bytes(some) == fetched_overhead_bytes(1, corrupt) + per_entry_bytes + entry_header_bytes);
    set_fetched of_set = carrier<set_fetched>(1);
    of_set.corrupt.resize(corrupt);
    CHECK(header_bytes(of_set) == set_fetched_overhead_bytes(1, corrupt) + per_entry_bytes + entry_header_bytes);
  }
  CHECK(header_bytes(segment_state{longest_segment, longest_state}) ==
        envelope_bytes + size_of::map + 2 * size_of::field + size_of::segment + server_state_bytes);
}

TEST_CASE("limits: the largest entry fits the limit exactly in its largest carrier, one byte more does not") {
  for (const std::uint64_t limit : {message_limit_bytes_min, 64 * kib, 32 * mib, message_limit_bytes_max}) {
    CHECK(largest_carrier_bytes(entry_bytes_max(limit) - 1) == limit - 1);
    CHECK(largest_carrier_bytes(entry_bytes_max(limit)) == limit);
    CHECK(largest_carrier_bytes(entry_bytes_max(limit) + 1) == limit + 1);
    CHECK(record_bytes_max(limit) + entry_header_bytes == entry_bytes_max(limit));
  }
}

TEST_CASE("limits: the overhead of a part is what the encoder writes") {
  CHECK(header_bytes(part{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}) == part_overhead_bytes);
  CHECK(header_bytes(part{}) == part_overhead_bytes);
}
