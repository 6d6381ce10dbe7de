// Reading the payloads of large records, from nodes that are played by the test.
#include "unit/wire/support/world.hpp"

#include <outsize/client/client.hpp>
#include <outsize/client/payload_reader.hpp>
#include <outsize/wire/codec.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace outsize;

namespace {

struct asked_piece {
  std::uint64_t from = 0;
  std::uint64_t bytes_max = 0;
};

std::string bytes_of(std::uint64_t count) {
  std::string made(count, 'x');
  for (std::uint64_t i = 0; i < count; ++i) {
    made[i] = static_cast<char>(i * 7 + i / 251);
  }
  return made;
}

/// Two nodes that hold one large record, and a client that knows both.
struct large_log : wire::test::world {
  explicit large_log(std::string of, std::uint64_t fragment_bytes = 1000) : payload(std::move(of)) {
    for (const std::string name : {"n1", "n2"}) {
      wire::test::test_node &node = add_node(name);
      (void)node.inside.listen("scripted://" + name).value();
      node.message_rule = [this, name, &node](wire::incoming &message) { take(name, node, message); };
    }
    client::client_options how;
    how.addresses = {"scripted://n1", "scripted://n2"};
    how.random = [] { return std::uint64_t{4129}; };
    std::vector<std::unique_ptr<transport_handle>> transports;
    transports.push_back(net.open_transport(how.message_limit_bytes));
    reading = std::make_unique<client::client>(std::move(transports), how);
    others.push_back([this](time_point time) { return reading->poll(time); });

    record.offset = 9;
    record.large.emplace();
    record.large->bytes = payload.size();
    record.large->record_header = wire::encode_record_header({}).value();
    rope all(record.large->record_header);
    all.append(buffer::copy_of(payload));
    record.large->content = wire::digest_of(all);
    split_into(fragment_bytes);
  }

  void split_into(std::uint64_t fragment_bytes) {
    wire::split_record split;
    split.fragment_bytes = fragment_bytes;
    split.payload_bytes = payload.size();
    record.large->kept = split;
  }
  void spill() { record.large->kept = wire::spilled_record{"archive", "7/0/1", payload.size(), {}, 1000, {}}; }

  std::string payload;
  client::read_record record;
  std::unique_ptr<client::client> reading;
  std::vector<asked_piece> asked;
  std::map<std::string, std::size_t> answers; ///< by node
  std::uint64_t gives_bytes_max = UINT64_MAX;
  bool is_silent = false; ///< questions are not answered
  std::optional<error> fails;
  std::optional<wire::payload_piece> says; ///< instead of what is so

  /// The next bytes within `time`.
  result<rope> next(client::payload_reader &reader, duration time = 30s) {
    std::optional<result<rope>> told;
    reader.next(now + time, [&](result<rope> one) {
      REQUIRE_FALSE(told.has_value());
      told = std::move(one);
    });
    run_until([&] { return told.has_value(); });
    REQUIRE(told.has_value());
    return *told;
  }
  /// All that comes until the end or an error.
  std::string rest(client::payload_reader &reader, std::optional<error> *why = nullptr) {
    std::string all;
    for (;;) {
      result<rope> piece = next(reader);
      if (!piece) {
        REQUIRE(why != nullptr);
        *why = piece.error();
        return all;
      }
      if (piece->empty()) {
        return all;
      }
      all += piece->flatten().text();
    }
  }

private:
  void take(const std::string &name, wire::test::test_node &node, const wire::incoming &message) {
    const auto question = wire::decode<wire::read_payload>(message.header).value();
    CHECK(question.log == "orders");
    CHECK(question.offset == record.offset);
    asked.push_back({question.from, question.bytes_max});
    if (is_silent) {
      return;
    }
    ++answers[name];
    if (fails.has_value()) {
      node.inside.answer_failure(message.link, message.number, wire::to_refusal(*fails));
      return;
    }
    const std::uint64_t bytes = std::min(question.bytes_max, gives_bytes_max);
    node.inside.answer(
        message.link, message.number,
        wire::make_outgoing(says.value_or(wire::payload_piece{question.from, payload.size()}),
                            rope(buffer::copy_of(payload.substr(std::min(question.from, payload.size()), bytes)))));
  }
};

} // namespace

TEST_CASE("client payload: comes in order, whole, and nothing behind its end") {
  large_log at(bytes_of(5'000'001), 1000);
  client::payload_reader reader(*at.reading, "orders", at.record);
  CHECK(reader.total_bytes() == 5'000'001);
  CHECK(at.rest(reader) == at.payload);
  CHECK(reader.position() == 5'000'001);
  CHECK(at.next(reader).value().empty());
}

TEST_CASE("client payload: questions end where fragments do (one byte below, at, above a MiB)") {
  for (const std::uint64_t fragment_bytes : {1000, 700'000, 1'048'575, 1'048'576, 1'048'577}) {
    INFO(fragment_bytes);
    large_log at(bytes_of(3'000'000), fragment_bytes);
    client::payload_reader reader(*at.reading, "orders", at.record);
    CHECK(at.rest(reader) == at.payload);
    for (const asked_piece &piece : at.asked) {
      CHECK(piece.from % fragment_bytes == 0);
      CHECK((piece.bytes_max % fragment_bytes == 0 || piece.from + piece.bytes_max == 3'000'000));
      CHECK(piece.bytes_max <= std::max<std::uint64_t>(fragment_bytes, wire::mib));
    }
  }
}

TEST_CASE("client payload: two questions at most are ahead of whoever takes the bytes, one where fragments are large") {
  for (const std::uint64_t fragment_bytes : {1'000'000, 4'194'304, 4'194'305}) {
    INFO(fragment_bytes);
    large_log at(bytes_of(13'000'000), fragment_bytes);
    client::payload_reader reader(*at.reading, "orders", at.record);
    const std::size_t ahead = fragment_bytes > 4'194'304 ? 1 : 2;
    std::size_t taken = 0;
    while (!at.next(reader)->empty()) {
      at.run_for(1s);
      CHECK(at.asked.size() <= ++taken + ahead);
    }
    CHECK(at.asked.size() == taken);
  }
}

TEST_CASE("client payload: a node that gives less than it was asked for is asked for the rest") {
  large_log at(bytes_of(10'000), 1000);
  at.gives_bytes_max = 777;
  client::payload_reader reader(*at.reading, "orders", at.record);
  CHECK(at.rest(reader) == at.payload);
}

TEST_CASE("client payload: an empty payload is verified as well") {
  large_log at("");
  at.spill();
  client::payload_reader reader(*at.reading, "orders", at.record);
  CHECK(at.rest(reader).empty());
  CHECK(at.asked.empty());
}

TEST_CASE("client payload: a question that is lost with its link is asked again over the next address") {
  large_log at(bytes_of(5'000'000), 1000);
  client::payload_reader reader(*at.reading, "orders", at.record);
  std::string all(at.next(reader)->flatten().text());
  at.is_silent = true;
  bool answered = false;
  std::string piece;
  const auto take = [&](const result<rope> &one) {
    answered = true;
    piece = std::string(one.value().flatten().text());
  };
  for (int i = 0; i < 3; ++i) { // what was ahead already comes all the same
    all += piece;
    piece.clear();
    answered = false;
    reader.next(at.now + 30s, take);
    at.run_for(1s);
  }
  REQUIRE_FALSE(answered);
  at.is_silent = false;
  at.net.cut_all();
  at.run_until([&] { return answered; });
  CHECK(all + piece + at.rest(reader) == at.payload);
  CHECK(at.answers["n2"] > 0);
}

TEST_CASE("client payload: bytes that are not those that were appended are told at the end, for good") {
  for (const bool is_spilled : {false, true}) {
    large_log at(bytes_of(3000), 1000);
    if (is_spilled) {
      at.spill();
    }
    at.payload.back() ^= 1;
    client::payload_reader reader(*at.reading, "orders", at.record);
    std::optional<error> why;
    CHECK(at.rest(reader, &why) == at.payload);
    REQUIRE(why.has_value());
    CHECK(why->code == (is_spilled ? code::blob_corrupt : code::checksum_mismatch));
    CHECK(why->text.find("log orders offset 9") != std::string::npos);
    CHECK(at.next(reader).error().code == why->code);
  }
}

TEST_CASE("client payload: the record header counts as well") {
  large_log at(bytes_of(3000), 1000);
  at.record.large->record_header = buffer::copy_of("another");
  client::payload_reader reader(*at.reading, "orders", at.record);
  std::optional<error> why;
  CHECK(at.rest(reader, &why) == at.payload);
  CHECK(why->code == code::checksum_mismatch);
}

TEST_CASE("client payload: an answer that is not to the question is malformed") {
  const std::vector<wire::payload_piece> wrong = {{1, 3000}, {0, 2999}, {0, 3001}};
  for (const wire::payload_piece &said : wrong) {
    large_log at(bytes_of(3000), 1000);
    at.says = said;
    client::payload_reader reader(*at.reading, "orders", at.record);
    CHECK(at.next(reader).error().code == code::malformed);
  }
  large_log nothing(bytes_of(3000), 1000);
  nothing.gives_bytes_max = 0;
  client::payload_reader reader(*nothing.reading, "orders", nothing.record);
  CHECK(nothing.next(reader).error().code == code::malformed);
}

TEST_CASE("client payload: what may pass later is told, and can be asked for again where it stopped") {
  large_log at(bytes_of(5'000'000), 1000);
  client::payload_reader reader(*at.reading, "orders", at.record);
  std::string all(at.next(reader)->flatten().text());
  at.fails = make_error(code::log_unavailable, "not now");
  std::optional<error> why;
  all += at.rest(reader, &why);
  CHECK(why->code == code::log_unavailable);
  CHECK(at.next(reader).error().code == code::log_unavailable);
  at.fails.reset();
  all += at.rest(reader);
  CHECK(all == at.payload);
}

TEST_CASE("client payload: a node that does not answer costs the time that was given, not the place") {
  large_log at(bytes_of(5'000'000), 1000);
  at.is_silent = true;
  client::payload_reader reader(*at.reading, "orders", at.record);
  const time_point begun = at.now;
  CHECK(at.next(reader, 10s).error().code == code::timed_out);
  CHECK(at.now == begun + 10s);
  at.is_silent = false;
  CHECK(at.rest(reader) == at.payload);
}

TEST_CASE("client payload: where nobody can be reached it ends with the time that was given") {
  large_log at(bytes_of(3000));
  at.net.refuses_connections = true;
  client::payload_reader reader(*at.reading, "orders", at.record);
  const time_point begun = at.now;
  CHECK_FALSE(at.next(reader, 10s).has_value());
  CHECK(at.now == begun + 10s);
}

TEST_CASE("client payload: a reader that goes is told nothing") {
  large_log at(bytes_of(5'000'000), 1000);
  {
    client::payload_reader reader(*at.reading, "orders", at.record);
    reader.next(at.now + 30s, [](const result<rope> &) { FAIL("it is gone"); });
  }
  at.run_for(1s);
  CHECK(at.asked.size() == 2);
}

TEST_CASE("client: of a large record it tells what is known, and nothing of what is no record") {
  wire::test::world at;
  wire::test::test_node &node = at.add_node("n1");
  (void)node.inside.listen("scripted://n1").value();
  client::client_options how;
  how.addresses = {"scripted://n1"};
  how.random = [] { return std::uint64_t{4129}; };
  std::vector<std::unique_ptr<transport_handle>> transports;
  transports.push_back(at.net.open_transport(how.message_limit_bytes));
  client::client reading(std::move(transports), how);
  at.others.push_back([&](time_point time) { return reading.poll(time); });

  const wire::split_record split{1, 3, 3, 1000, 2500, wire::digest_of(buffer::copy_of("all of it"))};
  const wire::spilled_record spilled{"archive", "7/0/1", 70'000, wire::digest_of(buffer::copy_of("that")), 1000, {}};
  wire::record_header fields;
  fields.has_key = true;
  fields.key = "k";
  const buffer record_header = wire::encode_record_header(fields).value();
  wire::records message;
  rope payload;
  const auto add = [&](wire::offset_t offset, wire::entry_kind kind, const buffer &bytes) {
    wire::entry_header header;
    header.offset = offset;
    header.kind = kind;
    header.record_header_bytes = static_cast<std::uint32_t>(record_header.size());
    header.payload_bytes = bytes.size();
    rope body(record_header);
    body.append(bytes);
    header.content = wire::digest_of(body);
    message.entry_headers.push_back(wire::encode_entry_header(header));
    payload.append(body);
  };
  add(4, wire::entry_kind::commit, wire::encode_split_record(split));
  add(5, wire::entry_kind::filler, {});
  add(6, wire::entry_kind::reference, wire::encode_spilled_record(spilled));
  add(7, wire::entry_kind::data, buffer::copy_of("small"));
  node.message_rule = [&](wire::incoming &asked) {
    node.inside.answer(asked.link, asked.number, wire::make_outgoing(message, payload));
  };

  std::optional<result<client::read_batch>> batch;
  reading.read("orders", {}, at.now + 10s, [&](result<client::read_batch> told) { batch = std::move(told); });
  at.run_until([&] { return batch.has_value(); });
  REQUIRE(batch->has_value());
  const std::vector<client::read_record> &records = (*batch)->records;
  REQUIRE(records.size() == 3);
  CHECK(records[0].offset == 4);
  CHECK(records[0].payload.empty());
  CHECK(records[0].payload_bytes() == 2500);
  REQUIRE(records[0].large.has_value());
  CHECK(std::get<wire::split_record>(records[0].large->kept) == split);
  CHECK(records[0].large->content == split.content);
  CHECK(records[0].large->record_header.text() == record_header.text());
  CHECK(records[0].header.key == "k");
  CHECK(records[1].payload_bytes() == 70'000);
  CHECK(std::get<wire::spilled_record>(records[1].large->kept) == spilled);
  CHECK_FALSE(records[2].large.has_value());
  CHECK(records[2].payload_bytes() == 5);
}
