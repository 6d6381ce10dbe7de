// Putting messages together, and the credit that goes with it.
#include "inbox.hpp"
#include "limits.hpp"

#include <catch2/catch.hpp>

#include <numeric>

namespace outsize::zeromq {

namespace {

using bytes = std::vector<std::uint8_t>;

constexpr std::uint64_t window = window_bytes_min;

bytes counting(std::size_t count, std::uint8_t from = 0) {
  bytes made(count);
  std::iota(made.begin(), made.end(), from);
  return made;
}

/// One side of a link, fed by hand.
struct receiver {
  inbox box{window, piece_bytes_min};

  result<void> head(const std::vector<std::uint64_t> &sizes, const bytes &leading, std::uint32_t raw = 0) {
    bytes frame(head_fixed_bytes + 8 * sizes.size());
    std::uint8_t *to = write_prefix(frame.data(), frame_kind::head, raw, 1);
    to = write_u32(write_u32(to, static_cast<std::uint32_t>(sizes.size())), 0);
    for (const std::uint64_t size : sizes) {
      to = write_u64(to, size);
    }
    frame.insert(frame.end(), leading.begin(), leading.end());
    const buffer kept = buffer::copy_of(frame);
    const frame_view seen = *parse_frame(kept.span());
    return box.take_head(*parse_head(seen), seen, kept);
  }
  result<void> piece(const bytes &body, std::uint32_t raw = 0) {
    bytes frame(frame_prefix_bytes);
    write_prefix(frame.data(), frame_kind::piece, raw, 1);
    frame.insert(frame.end(), body.begin(), body.end());
    const buffer kept = buffer::copy_of(frame);
    return box.take_piece(*parse_frame(kept.span()), kept);
  }
  result<void> raw(const bytes &body) { return box.take_raw(buffer::copy_of(body)); }
};

bytes bytes_of(const buffer &part) {
  return {part.data(), part.data() + part.size()};
}

} // namespace

TEST_CASE("inbox: a message in one frame keeps its parts, empty ones too") {
  receiver side;
  REQUIRE(side.head({3, 0, 2}, counting(5)).has_value());
  REQUIRE(side.box.whole());
  const std::vector<buffer> parts = side.box.take_message();
  REQUIRE(parts.size() == 3);
  CHECK(bytes_of(parts[0]) == counting(3));
  CHECK(parts[1].empty());
  CHECK(bytes_of(parts[2]) == counting(2, 3));
}

TEST_CASE("inbox: nothing but empty parts") {
  receiver side;
  REQUIRE(side.head({0}, {}).has_value());
  CHECK(side.box.whole());
  CHECK(side.box.take_message().size() == 1);
}

TEST_CASE("inbox: every way to cut a message of three parts into two frames and a raw one") {
  const bytes all = counting(60);
  for (std::size_t first = 0; first <= 60; ++first) {
    for (std::size_t second = first; second < 60; ++second) {
      receiver side;
      REQUIRE(side.head({20, 1, 39}, bytes(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(first))).has_value());
      if (second > first) {
        REQUIRE(side.piece(bytes(all.begin() + static_cast<std::ptrdiff_t>(first),
                                 all.begin() + static_cast<std::ptrdiff_t>(second)),
                           static_cast<std::uint32_t>(60 - second))
                    .has_value());
        CHECK(side.box.raw_expected() == 60 - second);
        REQUIRE(side.raw(bytes(all.begin() + static_cast<std::ptrdiff_t>(second), all.end())).has_value());
      } else {
        REQUIRE(side.piece(bytes(all.begin() + static_cast<std::ptrdiff_t>(first), all.end())).has_value());
      }
      REQUIRE(side.box.whole());
      const std::vector<buffer> parts = side.box.take_message();
      REQUIRE(parts.size() == 3);
      CHECK(bytes_of(parts[0]) == counting(20));
      CHECK(bytes_of(parts[1]) == counting(1, 20));
      CHECK(bytes_of(parts[2]) == counting(39, 21));
    }
  }
}

TEST_CASE("inbox: a part that lies in one raw frame is handed on, not copied") {
  receiver side;
  REQUIRE(side.head({1000}, {}, 1000).has_value());
  const buffer frame = buffer::copy_of(bytes(1000));
  REQUIRE(side.box.take_raw(frame).has_value());
  CHECK(side.box.take_message()[0].data() == frame.data());
}

TEST_CASE("inbox: what contradicts itself is refused") {
  CHECK_FALSE(receiver().piece(counting(1)).has_value());
  CHECK_FALSE(receiver().head({4}, counting(5)).has_value());
  CHECK_FALSE(receiver().head({4}, counting(1), 4).has_value());
  CHECK_FALSE(receiver().head({piece_bytes_min + 1}, {}, static_cast<std::uint32_t>(piece_bytes_min + 1)).has_value());
  receiver inside;
  REQUIRE(inside.head({4}, counting(1)).has_value());
  CHECK_FALSE(inside.head({4}, counting(4)).has_value());
  receiver idle;
  REQUIRE(idle.head({4}, counting(1)).has_value());
  CHECK_FALSE(idle.piece({}).has_value());
  receiver wrong;
  REQUIRE(wrong.head({40}, {}, 20).has_value());
  CHECK_FALSE(wrong.raw(counting(19)).has_value());
}

TEST_CASE("inbox: credit is announced in steps of an eighth of the window, never for what is held") {
  receiver side;
  CHECK_FALSE(side.box.take_credit().has_value());
  const std::uint64_t large = 4 * window;
  REQUIRE(side.head({large}, {}).has_value());
  CHECK(side.box.needs_reservation());
  side.box.hold(true);
  const bytes piece(credit_step(window));
  REQUIRE(side.piece(piece).has_value());
  REQUIRE(side.piece(piece).has_value());
  CHECK_FALSE(side.box.take_credit().has_value());
  CHECK(side.box.outstanding_bytes_max() < window - 2 * piece.size());
  side.box.hold(false);
  const std::optional<std::uint64_t> credit = side.box.take_credit();
  REQUIRE(credit.has_value());
  CHECK(*credit == side.box.arrived() + window);
  CHECK_FALSE(side.box.take_credit().has_value());
}

TEST_CASE("inbox: the frame that passes the credit is refused (exactly at it, one byte above)") {
  constexpr std::uint64_t step = 30'000;
  for (const std::uint64_t beyond : {0U, 1U}) {
    receiver side;
    const auto spend = [&](std::uint64_t cost) {
      return side.piece(bytes(cost - frame_prefix_bytes - frame_cost_bytes)).has_value();
    };
    REQUIRE(side.head({4 * window}, {}).has_value());
    side.box.hold(true);
    while (side.box.outstanding_bytes_max() > 2 * step) {
      REQUIRE(spend(step));
    }
    CHECK(spend(side.box.outstanding_bytes_max() + beyond) == (beyond == 0));
  }
}

TEST_CASE("inbox: a message of the window needs no reservation, one byte more does") {
  receiver fits;
  REQUIRE(fits.head({window}, {}).has_value());
  CHECK_FALSE(fits.box.needs_reservation());
  receiver above;
  REQUIRE(above.head({window + 1}, {}).has_value());
  CHECK(above.box.needs_reservation());
}

} // namespace outsize::zeromq
