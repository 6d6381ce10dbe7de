#include "support/fields_text.hpp"
#include "support/samples.hpp"
#include "support/vectors.hpp"

#include <outsize/wire/limits.hpp>

#include <catch2/catch.hpp>

#include <cstring>

using namespace outsize;
using namespace outsize::wire;
using namespace outsize::wire::test;

namespace {

/// A message as a TCP connection carries it: docs/protocol.md, section 2.1.
struct framed_message {
  buffer header;
  buffer payload;
};

std::uint64_t little_endian(const buffer &bytes, std::uint64_t at, unsigned width) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i) {
    value |= std::uint64_t{bytes.data()[at + i]} << (8 * i);
  }
  return value;
}

framed_message unframe(const buffer &bytes) {
  REQUIRE(bytes.text().starts_with("OSF1"));
  const std::uint64_t parts = little_endian(bytes, 4, 4);
  REQUIRE((parts == 1 || parts == 2));
  const std::uint64_t header_bytes = little_endian(bytes, 8, 8);
  const std::uint64_t payload_bytes = parts == 2 ? little_endian(bytes, 16, 8) : 0;
  const std::uint64_t at = 8 + 8 * parts;
  REQUIRE(bytes.size() == at + header_bytes + payload_bytes);
  return {bytes.slice(at, header_bytes), bytes.slice(at + header_bytes, payload_bytes)};
}

/// A message of the worked example, decoded; it must encode to the same bytes.
template <class Message> Message example(const std::string &name, std::uint64_t number, buffer *payload = nullptr) {
  INFO(name);
  const framed_message message = unframe(read_vector(name).bytes);
  const result<envelope> head = decode_envelope(message.header.span());
  REQUIRE(head);
  CHECK(head->number == number);
  const result<Message> read = decode<Message>(message.header);
  REQUIRE(read);
  CHECK(seal_envelope(encode(*read), Message::number, number).text() == message.header.text());
  if (payload != nullptr) {
    *payload = message.payload;
  }
  return *read;
}

} // namespace

TEST_CASE("vectors: every kind of message decodes to the fields named, and they encode to the same bytes") {
  for_each_message([]<class Message>() {
    const std::string name(name_of(Message::number));
    INFO(name);
    const vector_file vector = read_vector(name);
    const result<envelope> head = decode_envelope(vector.bytes.span());
    REQUIRE(head);
    CHECK(head->what == Message::number);
    CHECK(head->number == sample_number);
    const result<Message> message = decode<Message>(vector.bytes);
    REQUIRE(message);
    CHECK(fields_text::of(*message) == vector.fields);
    CHECK(to_hex(seal_envelope(encode(*message), Message::number, sample_number).text()) ==
          to_hex(vector.bytes.text()));
    CHECK(to_hex(sample_header<Message>().text()) == to_hex(vector.bytes.text()));
  });
}

TEST_CASE("vectors: the entry header decodes to the fields named, and they encode to the same bytes") {
  const vector_file vector = read_vector("entry_header");
  const result<entry_header> read = decode_entry_header(vector.bytes.span());
  REQUIRE(read);
  const auto hex = [](const digest &value) { return "0x" + wire::to_hex(value); };
  const std::vector<std::string> fields = {"segment = [" + std::to_string(read->segment.log) + ", " +
                                               std::to_string(read->segment.index) + "]",
                                           "offset = " + std::to_string(read->offset),
                                           "generation = " + std::to_string(read->generation),
                                           "kind = " + std::to_string(static_cast<unsigned>(read->kind)),
                                           "flags = " + std::to_string(read->flags),
                                           "set = " + std::to_string(read->set),
                                           "fragment_index = " + std::to_string(read->fragment_index),
                                           "total_bytes = " + std::to_string(read->total_bytes),
                                           "timestamp_ms = " + std::to_string(read->timestamp_ms),
                                           "record_header_bytes = " + std::to_string(read->record_header_bytes),
                                           "payload_bytes = " + std::to_string(read->payload_bytes),
                                           "content = " + hex(read->content),
                                           "checksum = " + hex(read->checksum)};
  CHECK(fields == vector.fields);
  CHECK(encode_entry_header(*read).text() == vector.bytes.text());
}

TEST_CASE("vectors: the record header and the record decode to the fields named, and encode to the same bytes") {
  const vector_file vector = read_vector("record_header");
  const result<record_header> read = decode_record_header(vector.bytes.span());
  REQUIRE(read);
  std::vector<std::string> fields = {
      "producer = \"" + read->producer.producer + '"', "epoch = " + std::to_string(read->producer.epoch),
      "sequence = " + std::to_string(read->producer.sequence),
      "predecessor = " + std::to_string(read->producer.predecessor), "key = 0x" + test::to_hex(read->key)};
  for (std::size_t i = 0; i < read->headers.size(); ++i) {
    const std::string place = "headers[" + std::to_string(i) + "]";
    fields.push_back(place + ".name = \"" + read->headers[i].name + '"');
    fields.push_back(place + ".value = 0x" + test::to_hex(read->headers[i].value));
  }
  CHECK(fields == vector.fields);
  CHECK(encode_record_header(*read)->text() == vector.bytes.text());
  CHECK(*read == sample_record_header());
  CHECK(read_vector("record").bytes.text() == sample_body().flatten().text());
}

TEST_CASE("vectors: the bodies of entries decode to the fields named, and they encode to the same bytes") {
  const auto check = [](const std::string &name, const auto &decode_body, const auto &encode_body, const auto &sample) {
    INFO(name);
    const vector_file vector = read_vector(name);
    const auto read = decode_body(vector.bytes.span());
    REQUIRE(read);
    CHECK(fields_text::of(*read) == vector.fields);
    CHECK(to_hex(encode_body(*read).text()) == to_hex(vector.bytes.text()));
    CHECK(*read == sample);
  };
  check("split_record", decode_split_record, encode_split_record, sample_split_record());
  check("spilled_record", decode_spilled_record, encode_spilled_record, sample_spilled_record());
  check("aborted_set", decode_aborted_set, encode_aborted_set, sample_aborted_set());
}

TEST_CASE("vectors: the worked example is a conversation that both sides understand") {
  const auto said = example<hello>("example-1-hello", 0);
  CHECK(said.role == peer_role::client);
  CHECK(said.part_window_bytes == 0);
  const auto answered = example<welcome>("example-2-welcome", 0);
  CHECK(answered.link == said.link);
  CHECK(answered.protocol_min == answered.protocol_max);
  buffer record;
  const auto appending = example<append>("example-3-append", 1, &record);
  REQUIRE(appending.records.size() == 1);
  CHECK(record.text() == "\x80hello");
  CHECK(digest_of(record.span()) == appending.records.front().content);
  const auto done = example<appended>("example-4-appended", 1);
  REQUIRE(done.results.size() == 1);
  CHECK_FALSE(done.results.front().refused.has_value());
  CHECK(done.results.front().entry_bytes == entry_header_bytes + record.size());
  const auto asking = example<wire::read>("example-5-read", 2);
  CHECK(asking.from == done.results.front().offset);
  buffer back;
  const auto found = example<records>("example-6-records", 2, &back);
  REQUIRE(found.entry_headers.size() == 1);
  const result<entry_header> entry = decode_entry_header(found.entry_headers.front().span());
  REQUIRE(entry);
  CHECK(entry->offset == done.results.front().offset);
  CHECK(verify_entry(*entry, rope(back)));
  CHECK(back.text() == record.text());
  CHECK(found.next == entry->offset + 1);
}
