#include "support/samples.hpp"

#include <outsize/wire/limits.hpp>

#include <catch2/catch.hpp>

#define MSGPACK_NO_BOOST
#include <msgpack.hpp>

#include <string>

using namespace outsize;
using namespace outsize::wire;
using namespace outsize::wire::test;

namespace {

msgpack::object_handle unpack(const buffer &bytes) {
  std::size_t used = 0;
  msgpack::object_handle tree = msgpack::unpack(reinterpret_cast<const char *>(bytes.data()), bytes.size(), used);
  REQUIRE(used == bytes.size());
  return tree;
}

template <class Message> buffer sealed_bytes(const Message &message) {
  return seal_envelope(encode(message), Message::number, sample_number);
}

/// The sample, packed again by msgpack-cxx with the shortest forms, and a field that nobody knows.
template <class Message> buffer packed_by_others() {
  const msgpack::object_handle tree = unpack(sample_header<Message>());
  const msgpack::object &body = tree->via.array.ptr[2];
  msgpack::sbuffer bytes;
  msgpack::packer<msgpack::sbuffer> to(bytes);
  to.pack_array(3);
  to.pack(tree->via.array.ptr[0]);
  to.pack(tree->via.array.ptr[1]);
  to.pack_map(body.via.map.size + 1);
  to.pack(99);
  to.pack(std::vector<std::string>{"from", "the", "future"});
  for (std::uint32_t i = 0; i < body.via.map.size; ++i) {
    to.pack(body.via.map.ptr[i].key);
    to.pack(body.via.map.ptr[i].val);
  }
  return buffer::copy_of(std::string_view(bytes.data(), bytes.size()));
}

template <class Message> std::string body_of(const Message &message) {
  return std::string(sealed_bytes(message).text().substr(envelope_bytes));
}

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    text += digits[static_cast<std::uint8_t>(byte) >> 4];
    text += digits[static_cast<std::uint8_t>(byte) & 0xf];
  }
  return text;
}

template <class Message> std::string hex_of(const Message &message) {
  return hex(sealed_bytes(message).text());
}

/// Spaces are for the reader.
std::string without_spaces(std::string text) {
  std::erase(text, ' ');
  return text;
}

std::string why(const result<append> &outcome) {
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == code::malformed);
  return outcome.error().text;
}

/// [16, 7, body] with the body given raw.
buffer append_with_body(std::string_view body) {
  writable_buffer bytes(envelope_bytes);
  bytes.append({reinterpret_cast<const std::uint8_t *>(body.data()), body.size()});
  return seal_envelope(std::move(bytes), kind::append, sample_number);
}

std::string body_of_sample_append() {
  return std::string(sample_header<append>().text().substr(envelope_bytes));
}

} // namespace

TEST_CASE("codec: every message comes back as it was and encodes to the same bytes") {
  for_each_message([]<class Message>() {
    INFO(name_of(Message::number));
    const buffer header = sample_header<Message>();
    const result<envelope> envelope_read = decode_envelope(header.span());
    REQUIRE(envelope_read);
    CHECK(envelope_read->what == Message::number);
    CHECK(envelope_read->number == sample_number);
    const result<Message> message = decode<Message>(header);
    REQUIRE(message);
    CHECK(sealed_bytes(*message).text() == header.text());
  });
}

TEST_CASE("codec: messages are these very bytes") {
  CHECK(hex_of(ping{}) == without_spaces("93 cd0004 cf0000000000000007 80"));
  CHECK(hex_of(credit{1'048'576}) == without_spaces("93 cd0007 cf0000000000000007 81 01 cf0000000000100000"));
  CHECK(hex_of(find_tail{"orders", 1}) == without_spaces("93 cd0014 cf0000000000000007 82 01 a66f7264657273 02 cc01"));
  CHECK(hex_of(release{{3, 2}, 6, 4130}) ==
        without_spaces("93 cd002a cf0000000000000007 83 01 92 cf0000000000000003 ce00000002 "
                       "02 cf0000000000000006 03 cf0000000000001022"));
  append one{"orders", {{1, 2, digest{}}}, 5000, 0};
  one.records.front().content.fill(0xab);
  CHECK(hex_of(one) == without_spaces("93 cd0010 cf0000000000000007 84 01 a66f7264657273 02 91 83 01 ce00000001 "
                                      "02 cf0000000000000002 03 c410abababababababababababababababab "
                                      "03 cf0000000000001388 04 cc00"));
}

TEST_CASE("codec: heads of text, bytes and arrays are the shortest, and sizes stay exact where they grow") {
  const std::pair<std::size_t, std::string> texts[] = {{31, "bf"},      {32, "d920"},       {255, "d9ff"},
                                                       {256, "da0100"}, {65'535, "daffff"}, {65'536, "db00010000"}};
  for (const auto &[size, head] : texts) {
    const std::string bytes = hex(body_of(command_result{std::string(size, 'x')}).substr(0, 2 + head.size() / 2));
    CHECK(bytes == "8101" + head);
  }
  const std::pair<std::size_t, std::string> arrays[] = {
      {15, "9f"}, {16, "dc0010"}, {65'535, "dcffff"}, {65'536, "dd00010000"}};
  for (const auto &[count, head] : arrays) {
    fetched many;
    many.corrupt.resize(count, 9);
    const std::string body = body_of(many);
    CHECK(hex(body.substr(body.size() - 9 * count - head.size() / 2, head.size() / 2)) == head);
    CHECK(decode<fetched>(sealed_bytes(many))->corrupt == many.corrupt);
  }
  const std::pair<std::size_t, std::string> buffers[] = {
      {255, "c4ff"}, {256, "c50100"}, {65'535, "c5ffff"}, {65'536, "c600010000"}};
  for (const auto &[size, head] : buffers) {
    store one;
    one.entry_headers = {buffer::copy_of(std::string(size, 'x'))};
    const std::string body = body_of(one);
    CHECK(hex(body.substr(body.size() - size - head.size() / 2, head.size() / 2)) == head);
    CHECK(decode<store>(sealed_bytes(one))->entry_headers.front().size() == size);
  }
}

TEST_CASE("codec: heads wider than they need to be are read") {
  const std::string zeros(3, '\0');
  std::string body = "\xdf" + zeros + "\x04";                                     // map 32
  body += "\xcf" + std::string(7, '\0') + "\x01" + "\xdb" + zeros + "\x06orders"; // number 64, str 32
  body += "\x02\xdd" + zeros + "\x01" + "\x83\x01\x01\x02\x02\x03\xc6" + zeros;   // array 32, bin 32
  body += "\x10" + std::string(16, 'd') + "\x03\x05\x04\xce" + zeros + "\x01";
  const result<append> read = decode<append>(append_with_body(body));
  REQUIRE(read);
  CHECK(read->log == "orders");
  CHECK(read->records.front().payload_bytes == 2);
  CHECK(read->time_left_ms == 5);
  CHECK(read->relayed == 1);
}

TEST_CASE("codec: messages packed by msgpack-cxx in the shortest forms are read, unknown fields skipped") {
  for_each_message([]<class Message>() {
    INFO(name_of(Message::number));
    const result<Message> message = decode<Message>(packed_by_others<Message>());
    REQUIRE(message);
    CHECK(sealed_bytes(*message).text() == sample_header<Message>().text());
  });
}

TEST_CASE("codec: every message cut short at any byte, or with a byte behind it, is malformed") {
  for_each_message([]<class Message>() {
    INFO(name_of(Message::number));
    const buffer header = sample_header<Message>();
    for (std::uint64_t size = 0; size < header.size(); ++size) {
      const result<Message> cut = decode<Message>(header.slice(0, size));
      REQUIRE_FALSE(cut);
      CHECK(cut.error().code == code::malformed);
    }
    writable_buffer longer(0);
    longer.append(header.span());
    longer.append({header.data(), 1});
    CHECK_FALSE(decode<Message>(std::move(longer).freeze()));
  });
}

TEST_CASE("codec: every bound of memory holds for the smallest honest item of an array") {
  metadata many;
  many.items.resize(1000);
  CHECK(decode<metadata>(sealed_bytes(many)));
  appended results;
  results.results.resize(1000);
  CHECK(decode<appended>(sealed_bytes(results)));
  for (append_result &one : results.results) {
    one.policy_trace.resize(1, {"a", "split", ""});
    one.refused = refusal{};
    one.refused->policy_trace.resize(3, {"a", "split", ""});
  }
  CHECK(decode<appended>(sealed_bytes(results)));
  append records;
  records.records.resize(1000);
  CHECK(decode<append>(sealed_bytes(records)));
  store headers;
  headers.entry_headers.resize(1000, encode_entry_header({}));
  CHECK(decode<store>(sealed_bytes(headers)));
  fetched lost;
  lost.corrupt.resize(1000);
  CHECK(decode<fetched>(sealed_bytes(lost)));
}

TEST_CASE("codec: kinds of this version have names, others are unknown") {
  CHECK(name_of(kind::store) == "store");
  CHECK(name_of(static_cast<kind>(999)) == "unknown");
  CHECK(decode_envelope(seal_envelope(writable_buffer(envelope_bytes), static_cast<kind>(999), 5).span())->number == 5);
}

TEST_CASE("codec: malformed bodies are refused with what was wrong and where") {
  const std::string good = body_of_sample_append();
  CHECK(decode<append>(append_with_body(good)));
  CHECK(why(decode<append>(sample_header<store>())) == "append: another kind of message at byte 4");
  CHECK(why(decode<append>(append_with_body("\xc0"))) == "append: wanted a map at byte 14");
  CHECK(why(decode<append>(append_with_body("\x80"))) == "append: field log is missing at byte 14");
  CHECK(why(decode<append>(append_with_body("\x82\x01\xa1z\x01\xa1z"))) == "append: field log comes twice at byte 18");
  CHECK(why(decode<append>(append_with_body("\x81\x01\x05"))) == "append: wanted text at byte 16");
  CHECK(why(decode<append>(append_with_body("\x81\xa3log\xa1z"))) == "append: wanted an unsigned integer at byte 18");
  CHECK(why(decode<append>(append_with_body("\x81\x04\xcd\x01\x01"))) ==
        "append: integer is too large for its field at byte 18");
  CHECK(why(decode<append>(append_with_body("\xdf\xff\xff\xff\xff"))) ==
        "append: map declares more fields than there are bytes at byte 18");
  CHECK(why(decode<append>(append_with_body("\x81\x02\xdd\xff\xff\xff\xff"))) ==
        "append: array declares more values than there are bytes at byte 20");
  CHECK(why(decode<append>(append_with_body("\x81\x01\xdb\xff\xff\xff\xff"))) ==
        "append: bytes end inside a value at byte 20");
}

TEST_CASE("codec: an array of empty items that would take much more memory than its bytes is refused") {
  std::string body = "\x81\x01\xdd";
  body += std::string("\x00\x01\x00\x00", 4) + std::string(65'536, '\x80');
  writable_buffer bytes(envelope_bytes);
  bytes.append({reinterpret_cast<const std::uint8_t *>(body.data()), body.size()});
  const result<appended> outcome = decode<appended>(seal_envelope(std::move(bytes), kind::appended, sample_number));
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().text == "appended: more values than the message's size justifies at byte 20");
}

TEST_CASE("codec: an unknown field may be nested 8 deep, not 9") {
  const std::string good = body_of_sample_append().substr(1);
  const auto nested = [&](unsigned depth) { return "\x85" + good + "\x7f" + std::string(depth, '\x91') + "\x01"; };
  CHECK(decode<append>(append_with_body(nested(7))));
  CHECK(decode<append>(append_with_body(nested(8))));
  CHECK_THAT(why(decode<append>(append_with_body(nested(9)))), Catch::Contains("nested too deep"));
  CHECK_THAT(why(decode<append>(append_with_body(nested(100'000)))), Catch::Contains("nested too deep"));
}

TEST_CASE("codec: unknown fields of every MessagePack type are passed over") {
  msgpack::sbuffer values;
  msgpack::packer<msgpack::sbuffer> to(values);
  const std::string text(70'000, 'x');
  to.pack_array(22);
  to.pack(1).pack(-1).pack(200).pack(-100).pack(70'000).pack(-70'000).pack(INT64_MIN).pack(UINT64_MAX);
  to.pack_nil().pack(true).pack(1.5F).pack(2.5);
  to.pack("short").pack(std::string(100, 'x')).pack(std::string(1000, 'x')).pack(text);
  to.pack(std::vector<char>(10)).pack(std::vector<char>(70'000)).pack(std::vector<int>(20));
  to.pack(std::map<int, int>{{1, 2}});
  to.pack_ext(4, 1).pack_ext_body("abcd", 4);
  to.pack_ext(70'000, 1).pack_ext_body(text.data(), 70'000);
  const std::string body =
      "\x85" + body_of_sample_append().substr(1) + "\x7f" + std::string(values.data(), values.size());
  CHECK(decode<append>(append_with_body(body)));
  CHECK_FALSE(decode<append>(append_with_body("\x85" + body_of_sample_append().substr(1) + "\x7f\xc1")));
}

TEST_CASE("codec: an optional field may be absent or nil") {
  stored message = sample<stored>();
  message.refused.reset();
  const buffer absent = sealed_bytes(message);
  CHECK_FALSE(decode<stored>(absent)->refused.has_value());
  std::string nil(absent.text());
  nil[envelope_bytes] = '\x83';
  nil += "\x03\xc0";
  const result<stored> read = decode<stored>(buffer::copy_of(std::string_view(nil)));
  REQUIRE(read);
  CHECK_FALSE(read->refused.has_value());
}

TEST_CASE("codec: enumerators that this version does not know are malformed, error codes are kept") {
  std::string header(sample_header<hello>().text());
  header[envelope_bytes + 1 + 4 + 4 + 2] = '\x09'; // role
  CHECK_FALSE(decode<hello>(buffer::copy_of(std::string_view(header))));
  failure newer = sample<failure>();
  newer.why.why = static_cast<code>(9999);
  CHECK(decode<failure>(sealed_bytes(newer))->why.why == static_cast<code>(9999));
  CHECK(to_error(decode<failure>(sealed_bytes(newer))->why).retry() == retry_class::never);
}

TEST_CASE("codec: buffers of a decoded message share the bytes of the header part") {
  const buffer header = sample_header<store>();
  const result<store> message = decode<store>(header);
  REQUIRE(message);
  const std::uint8_t *first = message->entry_headers.front().data();
  CHECK(first > header.data());
  CHECK(first < header.data() + header.size());
}

TEST_CASE("refusal: an error keeps its code, sizes and texts over the wire") {
  error from = size_error(code::too_large, "too large", 40, 32);
  from.remedy = "shrink it";
  from.peer = "n1";
  const error back = to_error(to_refusal(from));
  CHECK(back.code == from.code);
  CHECK(back.actual_bytes == 40);
  CHECK(back.limit_bytes == 32);
  CHECK(back.text == from.text);
  CHECK(back.remedy == from.remedy);
  CHECK(back.peer == from.peer);
}

TEST_CASE("refusal: carries what may be done about it, for clients that do not know its code") {
  for (const code why : {code::too_large, code::overloaded, code::link_down, code::unknown_log}) {
    CHECK(decode<failure>(sealed_bytes(failure{to_refusal(make_error(why, "text"))}))->why.retry == retry_of(why));
  }
}
