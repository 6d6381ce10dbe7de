// The frames, byte by byte: README.md's examples, and what a decoder must refuse.
#include "frames.hpp"
#include "limits.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstring>
#include <iomanip>
#include <random>
#include <sstream>

namespace outsize::zeromq {

namespace {

using bytes = std::vector<std::uint8_t>;

std::string hex(const bytes &what) {
  std::ostringstream text;
  for (const std::uint8_t byte : what) {
    text << std::hex << std::setw(2) << std::setfill('0') << static_cast<int>(byte);
  }
  return text.str();
}

bytes prefix_of(frame_kind kind, std::uint32_t argument = 0) {
  bytes made(frame_prefix_bytes);
  write_prefix(made.data(), kind, argument, 0x1122334455667788);
  return made;
}

} // namespace

TEST_CASE("frame: bytes on the wire, as in README.md") {
  CHECK(hex(make_open({0x1122334455667788, 1048576, 2097152})) == "0101000000000000"
                                                                  "8877665544332211"
                                                                  "0000100000000000"
                                                                  "0000200000000000");
  CHECK(hex(make_opened({0x0102030405060708, 0x1122334455667788, 65536, 262144})) == "0201000000000000"
                                                                                     "0807060504030201"
                                                                                     "8877665544332211"
                                                                                     "0000010000000000"
                                                                                     "0000040000000000");
  CHECK(hex(make_credit(0x0102030405060708, 2359296)) == "0501000000000000"
                                                         "0807060504030201"
                                                         "0000240000000000");
  CHECK(hex(make_close(0x0102030405060708, close_reason::hello_first, "no")) == "0601000001000000"
                                                                                "0807060504030201"
                                                                                "6e6f");
  CHECK(hex(prefix_of(frame_kind::head, 1024)) == "0301000000040000"
                                                  "8877665544332211");
}

TEST_CASE("frame: what is made is read back") {
  const bytes open = make_open({1, 2, 3});
  const std::optional<open_body> asked = parse_open(*parse_frame(open));
  REQUIRE(asked.has_value());
  CHECK((asked->attempt == 1 && asked->piece_bytes_max == 2 && asked->window_bytes == 3));
  const bytes opened = make_opened({4, 5, 6, 7});
  const std::optional<opened_body> answer = parse_opened(*parse_frame(opened));
  REQUIRE(answer.has_value());
  CHECK((answer->session == 4 && answer->attempt == 5 && answer->piece_bytes_max == 6 && answer->window_bytes == 7));
  const bytes credit = make_credit(1, UINT64_MAX);
  CHECK(parse_credit(*parse_frame(credit)) == UINT64_MAX);
  const bytes close = make_close(1, close_reason::stalled, std::string(300, 'x'));
  const close_body said = parse_close(*parse_frame(close));
  CHECK(said.reason == close_reason::stalled);
  CHECK(said.text == std::string(256, 'x'));
}

TEST_CASE("frame: fields behind the known ones are skipped") {
  for (bytes longer : {make_open({1, 2, 3}), make_opened({4, 5, 6, 7}), make_credit(1, 2)}) {
    longer.resize(longer.size() + 5);
    const result<frame_view> seen = parse_frame(longer);
    REQUIRE(seen.has_value());
    CHECK((parse_open(*seen).has_value() || parse_opened(*seen).has_value() || parse_credit(*seen).has_value()));
  }
}

TEST_CASE("frame: sizes around the prefix and around the largest framed frame") {
  CHECK_FALSE(parse_frame(bytes(frame_prefix_bytes - 1)).has_value());
  bytes piece = prefix_of(frame_kind::piece);
  CHECK(parse_frame(piece).has_value());
  piece.resize(framed_bytes_max);
  CHECK(parse_frame(piece).has_value());
  piece.resize(framed_bytes_max + 1);
  CHECK_FALSE(parse_frame(piece).has_value());
}

TEST_CASE("frame: unknown kinds and versions") {
  for (const std::uint8_t kind : {std::uint8_t{0}, std::uint8_t{7}, std::uint8_t{255}}) {
    bytes frame = prefix_of(frame_kind::open);
    frame[0] = kind;
    CHECK(parse_frame(frame).error().code == code::malformed);
  }
  bytes frame = prefix_of(frame_kind::open);
  frame[1] = protocol_version + 1;
  CHECK(parse_frame(frame).error().code == code::protocol_mismatch);
}

TEST_CASE("frame: every body cut off at every byte") {
  for (const bytes &whole : {make_open({1, 2, 3}), make_opened({4, 5, 6, 7}), make_credit(1, 2)}) {
    for (std::size_t size = frame_prefix_bytes; size < whole.size(); ++size) {
      const result<frame_view> seen = parse_frame({whole.data(), size});
      REQUIRE(seen.has_value());
      CHECK_FALSE((seen->kind == frame_kind::open && parse_open(*seen).has_value()));
      CHECK_FALSE((seen->kind == frame_kind::opened && parse_opened(*seen).has_value()));
      CHECK_FALSE((seen->kind == frame_kind::credit && parse_credit(*seen).has_value()));
    }
  }
}

TEST_CASE("head: part tables (0, 1, 4096, 4097 parts, one entry short, sums at and past 2^64)") {
  const auto head = [](std::uint32_t count, std::size_t entries, std::uint64_t size, std::size_t leading) {
    bytes made(head_fixed_bytes + 8 * entries + leading);
    std::uint8_t *to = write_prefix(made.data(), frame_kind::head, 0, 1);
    to = write_u32(write_u32(to, count), 0);
    for (std::size_t i = 0; i < entries; ++i) {
      to = write_u64(to, size);
    }
    return made;
  };
  const auto parsed = [](const bytes &frame) { return parse_head(*parse_frame(frame)); };
  CHECK_FALSE(parsed(head(0, 0, 0, 10)).has_value());
  CHECK(parsed(head(1, 1, 7, 3))->total_bytes == 7);
  CHECK(parsed(head(1, 1, 7, 3))->leading.size() == 3);
  CHECK(parsed(head(parts_max, parts_max, 1, 0))->total_bytes == parts_max);
  CHECK_FALSE(parsed(head(parts_max + 1, parts_max + 1, 1, 0)).has_value());
  CHECK_FALSE(parsed(head(3, 2, 1, 0)).has_value());
  CHECK(parsed(head(2, 2, UINT64_MAX / 2, 0))->total_bytes == UINT64_MAX - 1);
  CHECK(parsed(head(2, 2, UINT64_MAX / 2 + 1, 0))->total_bytes == UINT64_MAX); // not 0
}

TEST_CASE("close: words of the far side are made fit for a log") {
  bytes frame = make_close(1, close_reason::closed, "a\n\x1b[31mb\xff");
  CHECK(parse_close(*parse_frame(frame)).text == "a??[31mb?");
  bytes strange = prefix_of(frame_kind::close, 4711);
  CHECK(static_cast<std::uint32_t>(parse_close(*parse_frame(strange)).reason) == 4711);
}

TEST_CASE("frame: random bytes never crash a reader (20,000 frames, seed 1)") {
  std::mt19937_64 dice(1);
  for (int i = 0; i < 20'000; ++i) {
    bytes frame(dice() % 200);
    std::generate(frame.begin(), frame.end(), [&] { return static_cast<std::uint8_t>(dice()); });
    if (frame.size() > 2) {
      frame[0] = static_cast<std::uint8_t>(dice() % 8);
      frame[1] = protocol_version;
    }
    if (const result<frame_view> seen = parse_frame(frame)) {
      (void)parse_open(*seen);
      (void)parse_opened(*seen);
      (void)parse_credit(*seen);
      const std::optional<head_body> head = parse_head(*seen);
      CHECK((!head || head->sizes.size() * 8 + head->leading.size() <= frame.size()));
      CHECK(parse_close(*seen).text.size() <= 256);
    }
  }
}

} // namespace outsize::zeromq
