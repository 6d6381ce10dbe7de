#include "host/storage/store_format.hpp"

#include <catch2/catch.hpp>

using namespace outsize;
using namespace outsize::host;

namespace {
const segment_row full_row{5, true, 40, 39, 3, {{4, 6}, {10, 11}, {38, 40}}};
} // namespace

TEST_CASE("row format: what is written is read") {
  CHECK(*decode_row(encode_row({})) == segment_row{});
  CHECK(*decode_row(encode_row(full_row)) == full_row);
  const segment_row largest{UINT64_MAX, true, UINT64_MAX, UINT64_MAX, UINT64_MAX, {}};
  CHECK(*decode_row(encode_row(largest)) == largest);
}

TEST_CASE("row format: any other length is damage") {
  const std::string bytes = encode_row(full_row);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    CAPTURE(length);
    REQUIRE(!decode_row(bytes.substr(0, length)).has_value());
  }
  CHECK(!decode_row(bytes + "x").has_value());
  CHECK(decode_row(bytes.substr(0, 5)).error().text == "a segment row of 5 bytes is damaged: too short");
}

TEST_CASE("row format: another version and holes out of order are damage") {
  std::string bytes = encode_row(full_row);
  bytes[0] = 2;
  CHECK(!decode_row(bytes).has_value());
  for (const auto &holes :
       std::vector<std::vector<offset_range>>{{{6, 6}}, {{6, 4}}, {{10, 11}, {4, 6}}, {{4, 6}, {6, 8}}, {{4, 41}}}) {
    segment_row row = full_row;
    row.holes = holes;
    CHECK(!decode_row(encode_row(row)).has_value());
  }
}

TEST_CASE("key format: keys sort like segments and offsets, and come back") {
  const std::vector<std::pair<segment_id, offset_t>> order{
      {{1, 0}, 0},   {{1, 0}, 255},        {{1, 0}, 256},
      {{1, 1}, 1},   {{1, 256}, 1},        {{2, 0}, 1},
      {{256, 0}, 1}, {{UINT64_MAX, 0}, 1}, {{UINT64_MAX, UINT32_MAX}, UINT64_MAX}};
  std::string last;
  for (const auto &[segment, offset] : order) {
    const auto bytes = encode_entry_key(segment, offset);
    const std::string key(bytes.begin(), bytes.end());
    CHECK(last < key);
    CHECK(decode_segment_key(key) == segment);
    CHECK(offset_in_entry_key(key) == offset);
    last = key;
  }
}

TEST_CASE("key format: keys of fragments sort by segment, set and index, and their values come back") {
  struct place {
    segment_id segment;
    std::uint64_t set;
    std::uint32_t index;
  };
  const std::vector<place> order{{{1, 0}, 1, 0},   {{1, 0}, 1, 255},
                                 {{1, 0}, 1, 256}, {{1, 0}, 2, 0},
                                 {{1, 0}, 256, 0}, {{1, 1}, 1, 0},
                                 {{2, 0}, 1, 0},   {{2, 0}, UINT64_MAX, 1},
                                 {{256, 0}, 1, 0}, {{UINT64_MAX, UINT32_MAX}, 1, UINT32_MAX}};
  std::string last;
  for (const auto &[segment, set, index] : order) {
    const auto bytes = encode_fragment_key(segment, set, index);
    const std::string key(bytes.begin(), bytes.end());
    CHECK(last < key);
    CHECK(decode_segment_key(key) == segment);
    CHECK(index_in_fragment_key(key) == index);
    last = key;
  }
  CHECK(*decode_fragment_offset(encode_fragment_offset(4129)) == 4129);
  CHECK(*decode_fragment_offset(encode_fragment_offset(UINT64_MAX)) == UINT64_MAX);
  const auto damaged = decode_fragment_offset("1234567");
  REQUIRE(!damaged.has_value());
  CHECK(damaged.error().code == code::storage_failed);
  CHECK(damaged.error().text == "the place of a fragment has 7 bytes instead of 8");
}
