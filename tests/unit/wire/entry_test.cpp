#include "support/samples.hpp"

#include <outsize/wire/limits.hpp>

#include <catch2/catch.hpp>

using namespace outsize;
using namespace outsize::wire;
using namespace outsize::wire::test;

namespace {

/// A record whose encoded header is `bytes` long.
record_header record_with_header_bytes(std::uint64_t bytes) {
  record_header made;
  made.has_key = true;
  made.key.resize(bytes - 8); // about right; from here on the head of its length does not grow
  made.key.resize(made.key.size() + bytes - encode_record_header(made)->size());
  return made;
}

} // namespace

TEST_CASE("entry header: comes back as it was, with its checksum filled in") {
  entry_header from = sample_entry_header();
  from.kind = entry_kind::fragment;
  from.flags = 7;
  from.set = 5;
  from.fragment_index = 2;
  from.total_bytes = 40 * mib;
  const result<entry_header> back = decode_entry_header(encode_entry_header(from).span());
  REQUIRE(back);
  CHECK(back->checksum != digest{});
  from.checksum = back->checksum;
  CHECK(*back == from);
}

TEST_CASE("entry header: a changed bit anywhere is noticed") {
  const buffer good = encode_entry_header(sample_entry_header());
  for (std::size_t at = 0; at < good.size() * 8; ++at) {
    std::vector<std::uint8_t> bytes(good.data(), good.data() + good.size());
    bytes[at / 8] ^= static_cast<std::uint8_t>(1U << (at % 8));
    REQUIRE_FALSE(decode_entry_header(bytes));
  }
}

TEST_CASE("entry header: its kind can be guessed without decoding, of nothing shorter") {
  entry_header header = sample_entry_header();
  for (const entry_kind kind : {entry_kind::data, entry_kind::fragment, entry_kind::commit, entry_kind::reference,
                                entry_kind::filler, entry_kind::abort}) {
    header.kind = kind;
    const buffer bytes = encode_entry_header(header);
    CHECK(is_maybe_entry_of(kind, bytes.span()));
    CHECK(is_maybe_entry_of(entry_kind::fragment, bytes.span()) == (kind == entry_kind::fragment));
    CHECK_FALSE(is_maybe_entry_of(kind, bytes.span().first(entry_header_bytes - 1)));
    rope whole(bytes);
    whole.append(buffer::copy_of(std::string_view("payload")));
    CHECK(is_maybe_entry_of(kind, whole.flatten().span()));
  }
  CHECK_FALSE(is_maybe_entry_of(entry_kind::data, {}));
}

TEST_CASE("entry header: is these very bytes") {
  entry_header header;
  header.segment = {3, 2};
  header.offset = 4129;
  header.generation = 6;
  header.kind = entry_kind::fragment;
  header.flags = 7;
  header.set = 5;
  header.fragment_index = 1;
  header.total_bytes = 40 * mib;
  header.timestamp_ms = 1'700'000'000'123;
  header.record_header_bytes = 1;
  header.payload_bytes = 258;
  header.content.fill(0xab);
  const std::vector<std::uint8_t> wanted = {
      0x9d, 0x92, 0xcf, 0,    0,    0,    0,    0,    0,    0,    3,    0xce, 0,    0,    0,    2,    0xcf, 0,
      0,    0,    0,    0,    0,    0x10, 0x21, 0xcf, 0,    0,    0,    0,    0,    0,    0,    6,    0xcc, 2,
      0xcc, 7,    0xcf, 0,    0,    0,    0,    0,    0,    0,    5,    0xce, 0,    0,    0,    1,    0xcf, 0,
      0,    0,    0,    0x02, 0x80, 0,    0,    0xcf, 0,    0,    0x01, 0x8b, 0xcf, 0xe5, 0x68, 0x7b, 0xce, 0,
      0,    0,    1,    0xcf, 0,    0,    0,    0,    0,    0,    1,    2,    0xc4, 16,   0xab, 0xab, 0xab, 0xab,
      0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xc4, 16};
  const buffer bytes = encode_entry_header(header);
  REQUIRE(bytes.size() == wanted.size() + 16);
  CHECK(std::equal(wanted.begin(), wanted.end(), bytes.data()));
  const digest checksum = digest_of(bytes.span().first(wanted.size() - 2));
  CHECK(std::equal(checksum.begin(), checksum.end(), bytes.data() + wanted.size()));
}

TEST_CASE("entry header: other widths that add up to the same length are malformed") {
  std::string bytes(encode_entry_header(sample_entry_header()).text());
  // The segment's index takes two bytes less, the head of the array two more.
  const std::string::size_type index = 1 + 1 + 9;
  bytes.replace(index, 5, std::string("\xcd\x00\x02", 3));
  bytes.replace(0, 1, std::string("\xdc\x00\x0d", 3));
  REQUIRE(bytes.size() == entry_header_bytes);
  const result<entry_header> read =
      decode_entry_header({reinterpret_cast<const std::uint8_t *>(bytes.data()), bytes.size()});
  REQUIRE_FALSE(read);
  CHECK(read.error().code == code::malformed);
}

TEST_CASE("entry header: other lengths are malformed (one below, one above, none)") {
  const buffer good = encode_entry_header(sample_entry_header());
  CHECK(decode_entry_header(good.slice(0, good.size() - 1).span()).error().code == code::malformed);
  std::vector<std::uint8_t> longer(good.data(), good.data() + good.size());
  longer.push_back(0);
  CHECK(decode_entry_header(longer).error().code == code::malformed);
  CHECK(decode_entry_header({}).error().code == code::malformed);
}

TEST_CASE("entry header: a kind that entries do not have is malformed (0 and 7)") {
  for (const auto kind : {entry_kind{0}, entry_kind{7}}) {
    entry_header header = sample_entry_header();
    header.kind = kind;
    CHECK(decode_entry_header(encode_entry_header(header).span()).error().code == code::malformed);
  }
}

TEST_CASE("entry: its bytes are verified for length and digest") {
  const entry_header header = sample_entry_header();
  CHECK(verify_entry(header, sample_body()));
  CHECK(verify_entry(header, sample_body().slice(0, sample_body().size() - 1)).error().code == code::malformed);
  rope longer = sample_body();
  longer.append(buffer::of_static("x"));
  CHECK(verify_entry(header, longer).error().code == code::malformed);
  entry_header other = header;
  other.content[0] ^= 1;
  CHECK(verify_entry(other, sample_body()).error().code == code::checksum_mismatch);
  other = header;
  other.record_header_bytes = static_cast<std::uint32_t>(sample_body().size() + 1);
  other.payload_bytes = UINT64_MAX; // the sum of both wraps to the right length
  CHECK(verify_entry(other, sample_body()).error().code == code::malformed);
}

TEST_CASE("digest: does not depend on how the bytes are cut") {
  const std::string text(100'000, 'a');
  rope cut;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t count = std::min<std::size_t>(text.size() - from, 1 + from % 4096);
    cut.append(buffer::copy_of(std::string_view(text).substr(from, count)));
    from += count;
  }
  REQUIRE(cut.parts().size() > 1);
  CHECK(digest_of(cut) == digest_of(rope(buffer::copy_of(text))));
}

TEST_CASE("digest: is XXH3-128 in canonical form (known values)") {
  CHECK(to_hex(digest_of(rope())) == "99aa06d3014798d86001c324468d497f");
  CHECK(to_hex(digest_of(rope(buffer::of_static("a")))) == "a96faf705af16834e6c632b61e964e1f");
}

TEST_CASE("record header: comes back as it was") {
  const record_header from = sample_record_header();
  CHECK(*decode_record_header(encode_record_header(from)->span()) == from);
  CHECK(*decode_record_header(encode_record_header({})->span()) == record_header{});
  record_header empty_key;
  empty_key.has_key = true;
  CHECK(*decode_record_header(encode_record_header(empty_key)->span()) == empty_key);
}

TEST_CASE("record header: an empty one is a single byte") {
  CHECK(encode_record_header({})->size() == 1);
}

TEST_CASE("record header: bytes at the limit, one below and one above") {
  for (const std::uint64_t below : {1U, 0U}) {
    const record_header fits = record_with_header_bytes(record_fields_bytes_max - below);
    const result<buffer> encoded = encode_record_header(fits);
    REQUIRE(encoded);
    CHECK(encoded->size() == record_fields_bytes_max - below);
    CHECK(*decode_record_header(encoded->span()) == fits);
  }
  record_header above = record_with_header_bytes(record_fields_bytes_max);
  above.key += 'x';
  const result<buffer> refused = encode_record_header(above);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == code::header_too_large);
  CHECK(refused.error().actual_bytes == record_fields_bytes_max + 1);
  CHECK(refused.error().limit_bytes == record_fields_bytes_max);
}

TEST_CASE("record header: a producer's name at the limit, one below and one above") {
  record_header header;
  for (const std::uint64_t bytes : {producer_name_bytes_max - 1, producer_name_bytes_max}) {
    header.producer.producer.assign(bytes, 'p');
    CHECK(encode_record_header(header));
  }
  header.producer.producer += 'p';
  CHECK(encode_record_header(header).error().code == code::header_too_large);
}

TEST_CASE("record header: what is over a limit is refused by the reader too") {
  std::string bytes("\x81\x05\xc6", 3);
  bytes += std::string("\x00\x01\x00\x00", 4) + std::string(65'536, 'k');
  const result<record_header> read =
      decode_record_header({reinterpret_cast<const std::uint8_t *>(bytes.data()), bytes.size()});
  REQUIRE_FALSE(read);
  CHECK(read.error().code == code::header_too_large);
}

TEST_CASE("record header: as many empty headers as fit are read") {
  record_header header;
  header.headers.resize((record_fields_bytes_max - 5) / 4);
  const result<buffer> bytes = encode_record_header(header);
  REQUIRE(bytes);
  CHECK(decode_record_header(bytes->span())->headers.size() == header.headers.size());
}

TEST_CASE("record header: malformed bytes are refused") {
  const auto decode_text = [](std::string_view text) {
    return decode_record_header({reinterpret_cast<const std::uint8_t *>(text.data()), text.size()});
  };
  const auto is_malformed = [&](std::string_view text) {
    const result<record_header> read = decode_text(text);
    return !read && read.error().code == code::malformed;
  };
  CHECK(is_malformed(""));
  CHECK(is_malformed("\xc0"));
  CHECK(is_malformed("\x80\x80"));                       // bytes behind it
  CHECK(is_malformed("\x82\x05\xc4\x01k\x05\xc4\x01k")); // a field twice
  CHECK(is_malformed("\x82\x06\x90\x05\xc4\x01k"));      // not ascending
  CHECK(is_malformed("\x81\x05\xa1k"));                  // a key that is text
  CHECK(is_malformed("\x81\x06\x91\x91\xa1n"));          // a header without a value
  CHECK(is_malformed("\x81\x06\xdd\xff\xff\xff\xff"));   // more headers than bytes
  CHECK(decode_text("\x82\x05\xc4\x01k\x0f\x91\x01"));   // an unknown field
  CHECK(decode_text("\x81\x06\x91\x92\xa1n\xc4\x01v").value().headers.front().name == "n");
}
