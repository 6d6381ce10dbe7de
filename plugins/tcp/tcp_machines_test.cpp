// The parts of the tcp transport that know nothing of sockets.
#include "address.hpp"
#include "frame.hpp"
#include "inbox.hpp"
#include "outbox.hpp"
#include "receive_budget.hpp"

#include <catch2/catch.hpp>

#include <cstring>
#include <random>
#include <string>

using namespace outsize;
using namespace outsize::tcp;

namespace {

using bytes = std::vector<std::uint8_t>;

std::vector<buffer> parts_of(const std::vector<std::string> &texts) {
  std::vector<buffer> parts;
  for (const std::string &text : texts) {
    parts.push_back(buffer::copy_of(text));
  }
  return parts;
}

std::uint64_t size_of(const std::vector<buffer> &parts) {
  std::uint64_t sum = 0;
  for (const buffer &part : parts) {
    sum += part.size();
  }
  return sum;
}

bytes frame_of(const std::vector<std::string> &texts) {
  const std::vector<buffer> parts = parts_of(texts);
  bytes frame(frame_header_bytes(parts.size()));
  write_frame_header(parts, frame.data());
  for (const buffer &part : parts) {
    frame.insert(frame.end(), part.span().begin(), part.span().end());
  }
  return frame;
}

/// A frame header that declares these lengths, whatever they are.
bytes forged(const std::vector<std::uint64_t> &lengths) {
  bytes header = frame_of(std::vector<std::string>(lengths.size()));
  std::memcpy(header.data() + frame_start_bytes, lengths.data(), 8 * lengths.size());
  return header;
}

std::vector<std::string> texts_of(const std::vector<buffer> &parts) {
  std::vector<std::string> texts;
  for (const buffer &part : parts) {
    texts.emplace_back(part.text());
  }
  return texts;
}

constexpr std::uint64_t limit = 1U << 20U;

struct receiving {
  receive_budget budget{limit, 2 * limit};
  inbox in{1, limit, budget};
};

/// Feeds `stream` in pieces of `piece` bytes and returns the messages.
std::vector<std::vector<std::string>> read_all(inbox &in, const bytes &stream, std::size_t piece) {
  std::vector<std::vector<std::string>> messages;
  std::size_t left_over = 0;
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    std::span<const std::uint8_t> rest = std::span(stream).subspan(at, std::min(piece, stream.size() - at));
    while (in.next(rest) == inbox::step::message) {
      messages.push_back(texts_of(in.take_message()));
    }
    left_over += rest.size();
  }
  CHECK(left_over == 0);
  return messages;
}

/// The first bytes that the outbox has to write, at most `bytes_max`.
bytes to_write(const outbox &out, std::size_t bytes_max) {
  std::array<iovec, 16> from{};
  const std::size_t count = out.gather(from);
  bytes all;
  for (std::size_t i = 0; i < count && all.size() < bytes_max; ++i) {
    const auto *data = static_cast<const std::uint8_t *>(from[i].iov_base);
    all.insert(all.end(), data, data + std::min(from[i].iov_len, bytes_max - all.size()));
  }
  return all;
}

} // namespace

TEST_CASE("frame: the example of the README (header 'head' and one part of 2 bytes)") {
  const bytes expected = {0x4f, 0x53, 0x46, 0x31, 2, 0, 0, 0, 4, 0,   0,   0,   0,   0,   0,
                          0,    2,    0,    0,    0, 0, 0, 0, 0, 'h', 'e', 'a', 'd', 'h', 'i'};
  CHECK(frame_of({"head", "hi"}) == expected);
}

TEST_CASE("frame: part counts at the edge (0, 1, 1024, 1025, 2^32-1)") {
  for (const auto &[count, good] :
       std::vector<std::pair<std::uint32_t, bool>>{{0, false}, {1, true}, {1024, true}, {1025, false}, {~0U, false}}) {
    bytes start = frame_of({"x"});
    std::memcpy(start.data() + 4, &count, 4);
    const auto answer = read_frame_start(std::span<const std::uint8_t, frame_start_bytes>(start.data(), 8));
    CHECK(answer.has_value() == good);
    CHECK((good || answer.error().code == code::malformed));
  }
}

TEST_CASE("frame: lengths that overflow 64 bits (saturate)") {
  const std::array<std::uint64_t, 3> declared = {1ULL << 63U, 1ULL << 63U, 5};
  std::array<std::uint64_t, 3> lengths{};
  CHECK(read_frame_lengths(reinterpret_cast<const std::uint8_t *>(declared.data()), lengths) == UINT64_MAX);
}

TEST_CASE("inbox: messages however the bytes are cut (1, 2, 3, 7, 100, all)") {
  const std::vector<std::vector<std::string>> sent = {
      {"head"}, {"head", "payload"}, {""}, {"", "", ""}, {std::string(300, 'a'), std::string(70'000, 'b')}, {"last"}};
  bytes stream;
  for (const auto &one : sent) {
    const bytes frame = frame_of(one);
    stream.insert(stream.end(), frame.begin(), frame.end());
  }
  for (const std::size_t piece :
       {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, std::size_t{100}, stream.size()}) {
    receiving side;
    CHECK(read_all(side.in, stream, piece) == sent);
    CHECK(side.budget.holders().empty());
    CHECK(side.in.is_between_messages());
  }
}

TEST_CASE("inbox: body read directly into its room (2 MiB)") {
  receive_budget budget(4 * limit, 8 * limit);
  inbox in(1, 4 * limit, budget);
  const std::string payload(2 * limit, 'p');
  const bytes frame = frame_of({"head", payload});
  std::span<const std::uint8_t> rest = std::span(frame).first(1000);
  REQUIRE(in.next(rest) == inbox::step::hungry);
  std::size_t at = 1000;
  while (!in.is_whole()) {
    const std::span<std::uint8_t> room = in.room();
    REQUIRE(!room.empty());
    const std::size_t count = std::min<std::size_t>(room.size(), 300'000);
    std::memcpy(room.data(), frame.data() + at, count);
    in.filled(count);
    at += count;
  }
  CHECK(at == frame.size());
  REQUIRE(in.next(rest) == inbox::step::message);
  CHECK(texts_of(in.take_message()) == std::vector<std::string>{"head", payload});
}

TEST_CASE("inbox: declared size against the limit (one below, at, one above, 2^63, sum over 2^64)") {
  const auto step_of = [](const std::vector<std::uint64_t> &lengths, std::uint64_t declared) {
    receiving side;
    const bytes header = forged(lengths);
    std::span<const std::uint8_t> rest = header;
    const inbox::step step = side.in.next(rest);
    CHECK(side.in.declared_bytes() == declared);
    return step;
  };
  CHECK(step_of({limit - 1}, limit - 1) == inbox::step::hungry);
  CHECK(step_of({100, limit - 100}, limit) == inbox::step::hungry);
  CHECK(step_of({100, limit - 99}, limit + 1) == inbox::step::oversize);
  CHECK(step_of({1ULL << 63U}, 1ULL << 63U) == inbox::step::oversize);
  CHECK(step_of({1ULL << 63U, 1ULL << 63U}, UINT64_MAX) == inbox::step::oversize);
}

TEST_CASE("inbox: a forged length allocates nothing but a constant (1 GiB declared, 10 bytes sent)") {
  constexpr std::uint64_t huge = 1U << 30U;
  receive_budget budget(huge, 2 * huge);
  inbox in(1, huge, budget);
  bytes header = forged({huge});
  header.insert(header.end(), 10, 'x');
  std::span<const std::uint8_t> rest = header;
  REQUIRE(in.next(rest) == inbox::step::hungry);
  CHECK(in.room().size() <= body_at_once_max);
}

TEST_CASE("inbox: memory grows with what is received (never above twice that and a constant)") {
  constexpr std::uint64_t large = 64U << 20U;
  receive_budget budget(large, 2 * large);
  inbox in(1, large, budget);
  const bytes header = forged({large});
  std::span<const std::uint8_t> rest = header;
  REQUIRE(in.next(rest) == inbox::step::hungry);
  std::uint64_t received = 0;
  while (received < large) {
    const std::span<std::uint8_t> room = in.room();
    REQUIRE(received + room.size() <= 2 * received + body_at_once_max);
    REQUIRE(received + room.size() <= large);
    in.filled(room.size());
    received += room.size();
  }
  CHECK(in.is_whole());
}

TEST_CASE("inbox: random bytes (10,000 seeded streams never claim more than a constant)") {
  std::uint64_t largest = 0;
  for (std::uint64_t seed = 0; seed < 10'000; ++seed) {
    std::mt19937_64 random(seed);
    receiving side;
    bytes noise(random() % 200);
    for (std::uint8_t &byte : noise) {
      byte = static_cast<std::uint8_t>(random());
    }
    if (seed % 2 == 0 && noise.size() >= 8) { // half of them with a right beginning
      std::memcpy(noise.data(), &frame_magic, 4);
      noise[5] = noise[6] = noise[7] = 0;
    }
    std::span<const std::uint8_t> rest = noise;
    (void)side.in.next(rest);
    largest = std::max<std::uint64_t>(largest, side.in.room().size());
  }
  CHECK(largest <= body_at_once_max);
}

TEST_CASE("receive budget: a promise is the whole length, in order of asking") {
  receive_budget budget(limit, limit + 2 * small_bytes_max);
  CHECK(budget.reserve(1, limit));
  CHECK_FALSE(budget.reserve(2, limit));
  CHECK_FALSE(budget.reserve(3, limit / 2)); // would fit no better, and is behind 2
  CHECK(budget.contended());
  CHECK_FALSE(budget.grant().has_value());
  budget.release(1);
  CHECK(budget.grant() == 2U);
  CHECK_FALSE(budget.grant().has_value());
  budget.release(2);
  CHECK(budget.grant() == 3U);
  CHECK_FALSE(budget.contended());
}

TEST_CASE("receive budget: small messages never queue behind bulk (at 64 KiB and one above)") {
  receive_budget budget(limit, 2 * limit);
  REQUIRE(budget.reserve(1, limit));
  REQUIRE_FALSE(budget.reserve(2, limit));
  CHECK(budget.reserve(3, small_bytes_max));
  CHECK_FALSE(budget.reserve(4, small_bytes_max + 1));
}

TEST_CASE("receive budget: who leaves the line is not named") {
  receive_budget budget(limit, limit);
  REQUIRE(budget.reserve(1, limit));
  REQUIRE_FALSE(budget.reserve(2, limit));
  REQUIRE_FALSE(budget.reserve(3, limit));
  budget.release(2);
  budget.release(1);
  CHECK(budget.grant() == 3U);
}

TEST_CASE("outbox: what is written is the frames in order, however much at a time (1, 5, 1000 bytes)") {
  for (const std::size_t step : {std::size_t{1}, std::size_t{5}, std::size_t{1000}}) {
    outbox out(1U << 20U);
    bytes expected;
    std::vector<std::uint64_t> queued;
    for (std::uint64_t i = 0; i < 30; ++i) {
      const std::vector<std::string> texts = {std::to_string(i), std::string(i * 400, 'x'), ""};
      const std::vector<buffer> parts = parts_of(texts);
      if (out.push(parts, size_of(parts), i) == send_outcome::queued) {
        queued.push_back(i);
      }
      const bytes frame = frame_of(texts);
      expected.insert(expected.end(), frame.begin(), frame.end());
    }
    CHECK(out.queued_bytes() == expected.size());
    bytes all;
    std::vector<std::uint64_t> completed;
    while (!out.empty()) {
      const bytes next = to_write(out, step);
      all.insert(all.end(), next.begin(), next.end());
      out.wrote(next.size(), completed);
    }
    CHECK(all == expected);
    CHECK(completed == queued);
    CHECK(out.queued_bytes() == 0);
    CHECK(out.messages_written() == 30);
  }
}

TEST_CASE("outbox: busy at the queue's bound, writable again below it") {
  outbox out(100'000);
  const std::vector<buffer> parts = parts_of({std::string(40'000, 'x')});
  CHECK(out.push(parts, 40'000, 1) == send_outcome::queued);
  CHECK(out.push(parts, 40'000, 2) == send_outcome::queued);
  CHECK(out.push(parts, 40'000, 3) == send_outcome::busy);
  CHECK_FALSE(out.is_writable());
  std::vector<std::uint64_t> completed;
  out.wrote(40'016, completed);
  CHECK(completed == std::vector<std::uint64_t>{1});
  CHECK(out.is_writable());
  out.told_writable();
  CHECK_FALSE(out.is_writable());
  CHECK(out.push(parts, 40'000, 4) == send_outcome::queued);
}

TEST_CASE("outbox: a message above the queue's bound passes when nothing else is queued") {
  outbox out(100'000);
  const std::vector<buffer> parts = parts_of({std::string(200'000, 'x')});
  CHECK(out.push(parts, 200'000, 1) == send_outcome::queued);
  CHECK(out.push(parts_of({"x"}), 1, 2) == send_outcome::busy);
}

TEST_CASE("address: what is one and what is not") {
  for (const char *good : {"tcp://127.0.0.1:7101", "tcp://[::1]:0", "tcp://node-1.example:65535", "tcp://a_b:1"}) {
    INFO(good);
    CHECK(parse_address(good).has_value());
  }
  for (const char *bad : {"", "tcp", "tcp://", "tcp://h", "tcp://h:", "tcp://:1", "tcp://h:65536", "tcp://h:-1",
                          "tcp://h:1 ", "tcp://::1:1", "tcp://[]:1", "tcp://h/x:1", "udp://h:1", "tcp://h:1x"}) {
    INFO(bad);
    const auto answer = parse_address(bad);
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code == code::invalid_argument);
  }
}
