#include "unit/segment/large_fixture.hpp"

using namespace outsize;
using namespace outsize::host;
using test::large_fixture;
using test::text_of_size;

namespace {

std::vector<wire::entry_header> headers_of(const wire::records &answer) {
  std::vector<wire::entry_header> made;
  for (const buffer &raw : answer.entry_headers) {
    made.push_back(wire::decode_entry_header(raw.span()).value());
  }
  return made;
}

std::vector<offset_t> offsets_of(const wire::records &answer) {
  std::vector<offset_t> made;
  for (const wire::entry_header &header : headers_of(answer)) {
    made.push_back(header.offset);
  }
  return made;
}

} // namespace

TEST_CASE("read stream: commit and reference entries go out as they are, fragments and fillers do not") {
  large_fixture log;
  log.put_record("a record"); // 1
  log.put_filler();           // 2
  const std::string payload = text_of_size(2500);
  const offset_t commit = log.put_split(payload, 1000); // fragments at 3, 5, 7, records behind each
  const offset_t reference = log.put_spilled(payload);  // 10
  const large_fixture::found_records found = log.read(1);
  CHECK(offsets_of(found.answer) == std::vector<offset_t>{1, 4, 6, 8, commit, reference});
  CHECK(found.answer.next == log.tail);
  std::uint64_t at = 0;
  for (const wire::entry_header &header : headers_of(found.answer)) {
    const rope body = found.payload.slice(at, header.record_header_bytes + header.payload_bytes);
    CHECK(wire::verify_entry(header, body));
    at += body.size();
  }
  CHECK(at == found.payload.size());
}

TEST_CASE("read stream: the bytes of fragments do not travel") {
  large_fixture log;
  (void)log.put_split(text_of_size(100'000), 1000);
  (void)log.read(1);
  CHECK(log.peers.largest_fetch["n1"] < 10'000);
}

TEST_CASE("read stream: from inside a split set it begins with what follows, and the set's record is in its place") {
  large_fixture log;
  const offset_t commit = log.put_split(text_of_size(3000), 1000, false);
  REQUIRE(commit == 4);
  for (offset_t from = 1; from <= commit; ++from) {
    CHECK(offsets_of(log.read(from).answer) == std::vector<offset_t>{commit});
  }
  CHECK(log.read(commit + 1).answer.entry_headers.empty());
}

TEST_CASE("read stream: who wants one record does not step over fragments one by one, and gets one") {
  large_fixture log;
  const offset_t commit = log.put_split(text_of_size(20'000), 1, false);
  log.put_record("next");
  CHECK(offsets_of(log.read(1, 1).answer) == std::vector<offset_t>{commit});
  CHECK(log.peers.fetches <= 18);
}

TEST_CASE("read stream: a run that holds more records than wanted is cut there (one below, at, one above)") {
  large_fixture log;
  (void)log.put_split(text_of_size(60), 1, false); // 20, then 40 fragments are stepped over, then 80 entries fetched
  const std::uint32_t records = 21;
  for (std::uint32_t i = 1; i < records; ++i) {
    log.put_record("behind the large one");
  }
  for (const std::uint32_t count : {records - 1, records, records + 1}) {
    const large_fixture::found_records found = log.read(1, count);
    CHECK(found.answer.entry_headers.size() <= std::min(count, records));
    CHECK(found.answer.next == offsets_of(found.answer).back() + 1);
  }
  CHECK(log.read(1, records - 1).answer.entry_headers.size() == records - 1);
}

TEST_CASE("read stream: a set that was cut off is passed over, its abort entry as well") {
  large_fixture log;
  const std::string payload = text_of_size(3000);
  ++log.last_set;
  log.put_fragment(payload, 1000, 0);
  log.put_fragment(payload, 1000, 1);
  wire::entry_header facts;
  facts.kind = wire::entry_kind::abort;
  facts.set = log.last_set;
  log.put(facts, rope(wire::encode_aborted_set({2, 2000, "the producer went away"})));
  const offset_t next = log.put_record("next");
  CHECK(offsets_of(log.read(1).answer) == std::vector<offset_t>{next});
}
