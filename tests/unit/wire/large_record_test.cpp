// What commit, reference and abort entries hold.
#include "support/samples.hpp"

#include <outsize/wire/limits.hpp>

#include <catch2/catch.hpp>

#include <functional>

using namespace outsize;
using namespace outsize::wire;
using namespace outsize::wire::test;

namespace {

/// Every value at the one that would be longest if widths depended on values.
split_record longest_split() {
  split_record made{1, UINT64_MAX, 2, UINT64_MAX / 2, UINT64_MAX - 1, {}};
  made.content.fill(0xff);
  return made;
}

spilled_record longest_spill() {
  spilled_record made{std::string(blob_store_name_bytes_max, 's'),
                      std::string(blob_key_bytes_max, 'k'),
                      UINT64_MAX,
                      {},
                      UINT64_MAX,
                      {}};
  made.content.fill(0xff);
  made.parts.fill(0xff);
  return made;
}

aborted_set longest_abort() {
  return {UINT32_MAX, UINT64_MAX, std::string(aborted_reason_bytes_max, 'r')};
}

template <class Body> std::string why(const result<Body> &outcome) {
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == code::malformed);
  return outcome.error().text;
}

split_record split_with(const std::function<void(split_record &)> &change) {
  split_record made{10, 14, 3, 100, 250, {}};
  change(made);
  return made;
}

result<split_record> read_back(const split_record &split) {
  return decode_split_record(encode_split_record(split).span());
}
result<spilled_record> read_back(const spilled_record &spilled) {
  return decode_spilled_record(encode_spilled_record(spilled).span());
}
result<aborted_set> read_back(const aborted_set &aborted) {
  return decode_aborted_set(encode_aborted_set(aborted).span());
}

/// As another program may write it: the shortest forms, or more.
std::span<const std::uint8_t> span_of(const std::string &bytes) {
  return {reinterpret_cast<const std::uint8_t *>(bytes.data()), bytes.size()};
}

} // namespace

TEST_CASE("large records: what was encoded comes back") {
  CHECK(read_back(sample_split_record()).value() == sample_split_record());
  CHECK(read_back(sample_spilled_record()).value() == sample_spilled_record());
  CHECK(read_back(sample_aborted_set()).value() == sample_aborted_set());
  CHECK(read_back(longest_split()).value() == longest_split());
  CHECK(read_back(longest_spill()).value() == longest_spill());
  CHECK(read_back(longest_abort()).value() == longest_abort());
  CHECK(read_back(aborted_set{}).value() == aborted_set{});
}

TEST_CASE(
    "large records: a split record has one size, the others have a largest one, and they are those of the limits") {
  CHECK(encode_split_record({}).size() == split_record_bytes);
  CHECK(encode_split_record(longest_split()).size() == split_record_bytes);
  CHECK(encode_spilled_record(longest_spill()).size() == spilled_record_bytes_max);
  CHECK(encode_aborted_set(longest_abort()).size() == aborted_set_bytes_max);
}

TEST_CASE("large records: every body cut short at any byte, or with a byte behind it, is malformed") {
  const auto check = [](const buffer &whole, const auto &decode_body) {
    for (std::uint64_t size = 0; size < whole.size(); ++size) {
      CHECK_FALSE(decode_body(whole.slice(0, size).span()));
    }
    std::string longer(whole.text());
    longer += '\x01';
    CHECK_FALSE(decode_body(span_of(longer)));
  };
  check(encode_split_record(sample_split_record()), decode_split_record);
  check(encode_spilled_record(sample_spilled_record()), decode_spilled_record);
  check(encode_aborted_set(sample_aborted_set()), decode_aborted_set);
}

TEST_CASE("split record: as many fragments as the payload needs (one below, exact, one above)") {
  const auto with_payload = [](std::uint64_t bytes) {
    return read_back(split_with([&](split_record &split) { split.payload_bytes = bytes; }));
  };
  CHECK(why(with_payload(200)) == "commit entry: 200 bytes in 3 fragments of 100 at offsets 10 to 14");
  CHECK(with_payload(201));
  CHECK(with_payload(300));
  CHECK(why(with_payload(301)) == "commit entry: 301 bytes in 3 fragments of 100 at offsets 10 to 14");
  CHECK_FALSE(with_payload(0));
  CHECK_FALSE(with_payload(UINT64_MAX));
}

TEST_CASE("split record: at most so many fragments (one below, at, one above), and at least one") {
  const auto with_fragments = [](std::uint32_t count) {
    return read_back(split_record{1, 2 * std::uint64_t{count} + 1, count, 10, 10 * std::uint64_t{count}, {}});
  };
  CHECK(with_fragments(fragments_max - 1));
  CHECK(with_fragments(fragments_max));
  CHECK_FALSE(with_fragments(fragments_max + 1));
  CHECK_FALSE(with_fragments(UINT32_MAX));
  CHECK_FALSE(with_fragments(0));
}

TEST_CASE("split record: the fragments have room between first and last offset (one below, exact, one above)") {
  const auto with_last = [](offset_t last) {
    return read_back(split_with([&](split_record &split) { split.last = last; }));
  };
  CHECK_FALSE(with_last(11));
  CHECK(with_last(12));
  CHECK(with_last(13));
  CHECK_FALSE(with_last(9));
  CHECK_FALSE(with_last(no_offset));
}

TEST_CASE("split record: one fragment has one offset") {
  CHECK(read_back(split_record{10, 10, 1, 100, 100, {}}));
  CHECK_FALSE(read_back(split_record{10, 11, 1, 100, 100, {}}));
}

TEST_CASE("split record: numbers that mean nothing are refused") {
  CHECK_FALSE(read_back(split_record{}));
  CHECK_FALSE(read_back(split_with([](split_record &split) { split.first = no_offset; })));
  CHECK_FALSE(read_back(split_with([](split_record &split) { split.fragment_bytes = 0; })));
  CHECK(why(decode_split_record(encode_spilled_record(sample_spilled_record()).span())).find("commit entry: ") == 0);
}

TEST_CASE("spilled record: names of store and blob have a length (none, one byte, the longest, one above)") {
  const auto with_names = [](std::uint64_t store, std::uint64_t key) {
    return read_back(spilled_record{std::string(store, 's'), std::string(key, 'k'), 1, {}, 1, {}});
  };
  CHECK(with_names(1, 1));
  CHECK(with_names(blob_store_name_bytes_max, blob_key_bytes_max));
  CHECK_FALSE(with_names(0, 1));
  CHECK_FALSE(with_names(1, 0));
  CHECK_FALSE(with_names(blob_store_name_bytes_max + 1, 1));
  CHECK_FALSE(with_names(1, blob_key_bytes_max + 1));
  CHECK_FALSE(read_back(spilled_record{"s", "k", 1, {}, 0, {}}));
}

TEST_CASE("aborted set: a reason that is too long is cut off when it is written, and refused when it is read") {
  const auto with_reason = [](std::uint64_t bytes) { return aborted_set{1, 2, std::string(bytes, 'r')}; };
  CHECK(read_back(with_reason(aborted_reason_bytes_max - 1))->reason.size() == aborted_reason_bytes_max - 1);
  CHECK(read_back(with_reason(aborted_reason_bytes_max))->reason.size() == aborted_reason_bytes_max);
  CHECK(read_back(with_reason(aborted_reason_bytes_max + 1))->reason.size() == aborted_reason_bytes_max);
  const std::string longer = std::string("\x83\x01\x01\x02\x02\x03\xda\x01\x01", 9) + std::string(257, 'r');
  CHECK(why(decode_aborted_set(span_of(longer))) == "abort entry: a reason of 257 bytes, the most is 256");
  const std::string longest = std::string("\x83\x01\x01\x02\x02\x03\xda\x01\x00", 9) + std::string(256, 'r');
  CHECK(decode_aborted_set(span_of(longest)));
}

TEST_CASE("running digest: bytes that come one after the other have the digest of all of them") {
  const std::string text(10'000, 'd');
  const std::size_t step = GENERATE(1, 7, 255, 256, 257, 4096, 9'999, 10'000);
  running_digest running;
  rope whole;
  for (std::size_t at = 0; at < text.size(); at += step) {
    CHECK(running.value() == digest_of(whole));
    const buffer piece = buffer::copy_of(std::string_view(text).substr(at, step));
    whole.append(piece);
    if (at % 2 == 0) {
      running.add(piece.span());
    } else {
      running.add(rope(piece));
    }
  }
  CHECK(running.value() == digest_of(whole));
  CHECK(running.value() == digest_of(span_of(text)));
}

TEST_CASE("running digest: of nothing it is that of no bytes, and it can be moved") {
  running_digest empty;
  CHECK(empty.value() == digest_of(rope{}));
  empty.add(rope{});
  CHECK(empty.value() == digest_of(rope{}));
  empty.add(span_of("hel"));
  running_digest moved = std::move(empty);
  moved.add(span_of("lo"));
  CHECK(moved.value() == digest_of(span_of("hello")));
}

TEST_CASE("running digest: is that of the record, header and payload") {
  running_digest running;
  running.add(encode_record_header(sample_record_header())->span());
  running.add(span_of("hello, log"));
  CHECK(running.value() == sample_entry_header().content);
}
