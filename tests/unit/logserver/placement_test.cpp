#include "host/logserver/placement.hpp"

#include <catch2/catch.hpp>

using namespace outsize;
using namespace outsize::host;
using holes = std::vector<offset_range>;

namespace {

segment_row row_with(offset_t local_tail, holes missing) {
  segment_row row;
  row.local_tail = local_tail;
  row.holes = std::move(missing);
  return row;
}

} // namespace

TEST_CASE("holes: a held offset is below the tail and in no hole (edges of the hole)") {
  const auto row = row_with(20, {{5, 8}, {12, 13}});
  CHECK(is_held(row, 1));
  CHECK(is_held(row, 4));
  CHECK(!is_held(row, 5));
  CHECK(!is_held(row, 7));
  CHECK(is_held(row, 8));
  CHECK(is_held(row, 11));
  CHECK(!is_held(row, 12));
  CHECK(is_held(row, 13));
  CHECK(is_held(row, 19));
  CHECK(!is_held(row, 20));
}

TEST_CASE("holes: filled from the left, the right, the middle, over all of one, over several") {
  const auto filled = [](offset_t from, offset_t to) {
    auto row = row_with(30, {{5, 10}, {15, 20}});
    fill_holes(row, {from, to});
    return row.holes;
  };
  CHECK(filled(5, 7) == holes{{7, 10}, {15, 20}});
  CHECK(filled(8, 10) == holes{{5, 8}, {15, 20}});
  CHECK(filled(6, 8) == holes{{5, 6}, {8, 10}, {15, 20}});
  CHECK(filled(5, 10) == holes{{15, 20}});
  CHECK(filled(8, 17) == holes{{5, 8}, {17, 20}});
  CHECK(filled(1, 30).empty());
  CHECK(filled(10, 15) == holes{{5, 10}, {15, 20}});
  CHECK(filled(1, 5) == holes{{5, 10}, {15, 20}});
}

TEST_CASE("base: moves the tail up to it and forgets what lies below, never back") {
  auto row = row_with(20, {{5, 10}, {15, 18}});
  start_at(row, 16);
  CHECK(row.holes == holes{{16, 18}});
  CHECK(row.local_tail == 20);
  start_at(row, 40);
  CHECK(row.holes.empty());
  CHECK(row.local_tail == 40);
  start_at(row, 3);
  CHECK(row.local_tail == 40);
}

TEST_CASE("trim: everything up to the point is not held and not missing, only forward") {
  auto row = row_with(20, {{5, 10}});
  trim_to(row, 7);
  CHECK(row.trim_point == 7);
  CHECK(row.holes == holes{{8, 10}});
  trim_to(row, 6);
  CHECK(row.trim_point == 7);
  CHECK(!is_held(row, 3));
}
