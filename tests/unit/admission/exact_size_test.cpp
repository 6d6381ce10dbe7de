#include "host/admission/admission.hpp"

#include <outsize/wire/codec.hpp>

#include <catch2/catch.hpp>

#include <random>
#include <string>

// Admitted means: it fits every message that can carry it, as the encoder writes it, and what is refused would not fit
// the largest of them.

using namespace outsize;

namespace {

struct encoded_record {
  wire::record_header header;
  buffer header_bytes;
  rope bytes;
  buffer entry_header;
};

encoded_record make_record(std::mt19937_64 &random, std::uint64_t target_bytes) {
  encoded_record made;
  if (random() % 2 == 0) {
    made.header.producer = {std::string(random() % 20, 'p'), random(), random(), random()};
  }
  made.header.has_key = random() % 2 == 0;
  made.header.key = made.header.has_key ? std::string(random() % 100, 'k') : std::string{};
  for (std::uint64_t i = random() % 3; i > 0; --i) {
    made.header.headers.push_back({std::string(random() % 10, 'n'), std::string(random() % 50, 'v')});
  }
  made.header_bytes = wire::encode_record_header(made.header).value();
  made.bytes.append(made.header_bytes);
  const std::uint64_t rest = host::message_bytes_of(made.header_bytes.size());
  const std::uint64_t payload = target_bytes > rest ? target_bytes - rest : 0;
  made.bytes.append(buffer::copy_of(std::string(payload, 'x')));
  wire::entry_header entry;
  entry.segment = {random(), static_cast<std::uint32_t>(random())};
  entry.offset = random();
  entry.generation = random();
  entry.timestamp_ms = random();
  entry.record_header_bytes = static_cast<std::uint32_t>(made.header_bytes.size());
  entry.payload_bytes = payload;
  entry.content = wire::digest_of(made.bytes);
  made.entry_header = wire::encode_entry_header(entry);
  return made;
}

/// The largest message with this entry alone, fields at their largest.
std::uint64_t largest_message(const encoded_record &record) {
  wire::store store;
  store.generation = UINT64_MAX;
  store.wave = UINT32_MAX;
  store.flags = 255;
  store.global_tail = UINT64_MAX;
  store.first = UINT64_MAX;
  store.time_left_ms = UINT64_MAX;
  store.entry_headers = {record.entry_header};
  wire::fetched fetched;
  fetched.entry_headers = {record.entry_header};
  fetched.next = UINT64_MAX;
  fetched.corrupt.assign(wire::fetched_corrupt_max, UINT64_MAX);
  wire::records records;
  records.entry_headers = {record.entry_header};
  return std::max({wire::encode(store).size(), wire::encode(fetched).size(), wire::encode(records).size()}) +
         record.bytes.size();
}

bool admitted(const encoded_record &record, std::uint64_t limit) {
  const host::log_limits limits{"orders", limit, "n1", 0};
  const host::record_facts facts{record.header_bytes.size(), record.bytes.size() - record.header_bytes.size(),
                                 &record.header, 0};
  return std::holds_alternative<host::pass>(host::admit(facts, limits, {}, {}).what);
}

} // namespace

TEST_CASE("exact size: admitted if and only if the largest message with it fits (around limits)") {
  const std::uint64_t limit =
      GENERATE(std::uint64_t{4096}, std::uint64_t{4097}, std::uint64_t{10'000}, std::uint64_t{65'536},
               std::uint64_t{100'003}, std::uint64_t{1'048'576}, std::uint64_t{4'194'304});
  std::mt19937_64 random(limit);
  for (int around = -200; around <= 200; around += limit > 100'000 ? 25 : 1) {
    const encoded_record record =
        make_record(random, static_cast<std::uint64_t>(static_cast<std::int64_t>(limit) + around));
    INFO("limit " << limit << ", message " << largest_message(record));
    CHECK(admitted(record, limit) == (largest_message(record) <= limit));
  }
}

TEST_CASE("exact size: every byte around the smallest legal limit") {
  std::mt19937_64 random(7);
  for (std::uint64_t limit = wire::message_limit_bytes_min; limit < wire::message_limit_bytes_min + 50; ++limit) {
    for (std::uint64_t message = limit - 2; message <= limit + 2; ++message) {
      const encoded_record record = make_record(random, message);
      CHECK(admitted(record, limit) == (largest_message(record) <= limit));
    }
  }
}
