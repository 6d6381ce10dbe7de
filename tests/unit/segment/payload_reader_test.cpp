#include "unit/segment/large_fixture.hpp"

using namespace std::chrono_literals;
using namespace outsize;
using namespace outsize::host;
using test::large_fixture;
using test::text_of_size;

namespace {

/// Of a fragment's header as it is on `node`, after `change`: its checksum is right again.
void forge(large_fixture &log, const std::string &node, wire::offset_t offset,
           const std::function<void(wire::entry_header &)> &change) {
  test::model_server::stored_entry &entry = log.at(node)[offset];
  wire::entry_header header = wire::decode_entry_header(entry.header.span()).value();
  change(header);
  entry.header = wire::encode_entry_header(header);
}

bool contains(const std::string &text, const std::string &part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("payload reader: a split record is read whole, whatever is asked for at a time") {
  large_fixture log;
  const std::string payload = text_of_size(10 * 1000 + 1);
  const wire::offset_t offset = log.put_split(payload, 1000);
  for (const std::uint64_t bytes_max : {0, 7, 999, 1000, 1001, 2500, 10'000, 10'001, 1'000'000}) {
    INFO(bytes_max);
    CHECK(log.read_whole(offset, bytes_max) == payload);
  }
  CHECK(log.room == 64 * wire::mib);
}

TEST_CASE("payload reader: a record of one fragment is read whole (one byte, all of it)") {
  large_fixture log;
  for (const std::uint64_t bytes : {1, 999, 1000}) {
    const std::string payload = text_of_size(bytes);
    CHECK(log.read_whole(log.put_split(payload, 1000), 0) == payload);
  }
}

TEST_CASE("payload reader: the entry that describes a record is fetched once") {
  large_fixture log;
  const wire::offset_t offset = log.put_split(text_of_size(5000), 1000);
  (void)log.read_whole(offset, 1000);
  CHECK(log.peers.fetches == 1);
  CHECK(log.peers.set_fetches == 5);
}

TEST_CASE("payload reader: pieces end where fragments do (one byte below, at, above two fragments)") {
  large_fixture log;
  const wire::offset_t offset = log.put_split(text_of_size(5000), 1000);
  CHECK(log.read_payload(offset, 0, 1999).bytes.size() == 1000);
  CHECK(log.read_payload(offset, 0, 2000).bytes.size() == 2000);
  CHECK(log.read_payload(offset, 0, 2001).bytes.size() == 2000);
  CHECK(log.read_payload(offset, 1500, 1000).bytes.size() == 500);
  CHECK(log.read_payload(offset, 1500, 400).bytes.size() == 400);
  log.payloads.piece_bytes = 3500;
  CHECK(log.read_payload(offset, 0).bytes.size() == 3000);
  CHECK(log.read_payload(offset, 0, 4000).bytes.size() == 3000);
  CHECK(log.read_payload(offset, 3000).bytes.size() == 2000);
}

TEST_CASE("payload reader: a fragment larger than a piece goes out whole, unless less is wanted") {
  large_fixture log;
  log.payloads.piece_bytes = 100;
  const std::string payload = text_of_size(2500);
  const wire::offset_t offset = log.put_split(payload, 1000);
  CHECK(log.read_payload(offset, 0).bytes == payload.substr(0, 1000));
  CHECK(log.read_payload(offset, 0, 5000).bytes == payload.substr(0, 1000));
  CHECK(log.read_payload(offset, 1200, 300).bytes == payload.substr(1200, 300));
  CHECK(log.read_payload(offset, 2000).bytes == payload.substr(2000));
}

TEST_CASE("payload reader: the last byte, the end, and one byte beyond it") {
  large_fixture log;
  for (const wire::offset_t offset : {log.put_split(text_of_size(2500), 1000), log.put_spilled(text_of_size(2500))}) {
    CHECK(log.read_payload(offset, 2499).bytes.size() == 1);
    const large_fixture::answer end = log.read_payload(offset, 2500);
    CHECK_FALSE(end.why.has_value());
    CHECK(end.bytes.empty());
    CHECK(end.piece.total_bytes == 2500);
    CHECK(log.failure_of(offset, 2501) == code::invalid_argument);
    CHECK(log.failure_of(offset, UINT64_MAX) == code::invalid_argument);
  }
}

TEST_CASE("payload reader: fragments come from the node's own server while it has them, else from the next") {
  large_fixture log;
  const std::string payload = text_of_size(5000);
  const wire::offset_t offset = log.put_split(payload, 1000, false); // fragment i at offset i + 1
  CHECK(log.read_whole(offset, 0) == payload);
  CHECK(log.peers.largest_fetch.count("n2") == 0);
  log.at("n1").erase(3);
  CHECK(log.read_whole(offset, 0) == payload);
  CHECK(log.peers.largest_fetch["n2"] + log.peers.largest_fetch["n3"] > 0);
}

TEST_CASE("payload reader: a damaged fragment is taken from the next server, and the journal names the damaged one") {
  large_fixture log;
  const std::string payload = text_of_size(5000);
  const wire::offset_t offset = log.put_split(payload, 1000, false);
  log.peers.servers["n1"].damaged = {3};
  CHECK(log.read_whole(offset, 0) == payload);
  REQUIRE(log.lines.size() == 1);
  CHECK(contains(log.lines.front(), "fragment=2 node=n1"));
}

TEST_CASE("payload reader: trusts no fragment that is not the one it wants") {
  large_fixture log;
  const std::string payload = text_of_size(3000);
  const wire::offset_t offset = log.put_split(payload, 1000, false);
  const std::vector<std::function<void(wire::entry_header &)>> changes = {
      [](wire::entry_header &header) { header.segment.index = 1; },
      [](wire::entry_header &header) { header.total_bytes = 2999; },
      [](wire::entry_header &header) { header.payload_bytes = 999; },
      [](wire::entry_header &header) { header.record_header_bytes = 1; },
      [](wire::entry_header &header) { header.offset = 4; },
      [](wire::entry_header &header) { header.content = {}; },
  };
  const test::model_server::stored_entry right = log.at("n1")[2];
  for (std::size_t i = 0; i < changes.size(); ++i) {
    INFO(i);
    forge(log, "n1", 2, changes[i]);
    CHECK(log.read_payload(offset, 1000, 1000).bytes == payload.substr(1000, 1000));
    log.at("n1")[2] = right;
  }
  CHECK(log.peers.set_fetches == 2 * changes.size());
}

TEST_CASE("payload reader: without an intact copy it says which bytes are lost and who was asked") {
  large_fixture log;
  const wire::offset_t offset = log.put_split(text_of_size(2500), 1000, false);
  log.at("n1").erase(3);
  log.peers.servers["n2"].damaged = {3};
  log.at("n3").erase(3);
  CHECK(log.read_payload(offset, 1000).bytes.size() == 1000); // what is there comes
  const large_fixture::answer told = log.read_payload(offset, 2000);
  REQUIRE(told.why.has_value());
  CHECK(told.why->code == code::data_loss);
  CHECK(contains(told.why->text, "log orders offset 4, fragment 2 of 3 at offsets 1 to 3, payload bytes 2000 to 2499"));
  for (const std::string node : {"n1: ", "n2: ", "n3: "}) {
    CHECK(contains(told.why->text, node));
  }
}

TEST_CASE("payload reader: while a server that may have it is out of reach nothing is called lost") {
  large_fixture log;
  const wire::offset_t offset = log.put_split(text_of_size(2500), 1000, false);
  log.at("n1").erase(1);
  log.at("n2").erase(1);
  log.peers.link_down("n3");
  CHECK(log.failure_of(offset) == code::log_unavailable);
  CHECK(retry_of(code::log_unavailable) == retry_class::later);
}

TEST_CASE("payload reader: where servers take too long all are asked again, with twice the time, until the deadline") {
  large_fixture log;
  const wire::offset_t offset = log.put_split(text_of_size(2500), 1000);
  CHECK(log.failure_of(offset) == code::ok); // and its description is known
  for (const std::string node : {"n1", "n2", "n3"}) {
    log.peers.hold(node);
  }
  log.peers.set_fetches = 0;
  const time_point begun = log.now;
  const large_fixture::answer told = log.read_payload(offset, 0);
  REQUIRE(told.why.has_value());
  CHECK(told.why->code == code::timed_out);
  CHECK(log.now - begun == 60s);
  CHECK(log.peers.set_fetches == 7); // 3 of 5 s, 3 of 10 s, and one that is cut off
}

TEST_CASE("payload reader: what is no large record is told so") {
  large_fixture log;
  const wire::offset_t whole = log.put_record("whole");
  const wire::offset_t filler = log.put_filler();
  const wire::offset_t commit = log.put_split(text_of_size(2500), 1000, false);
  CHECK(log.failure_of(whole) == code::invalid_argument);
  CHECK(log.failure_of(filler) == code::invalid_argument);
  CHECK(log.failure_of(commit - 1) == code::invalid_argument); // a fragment
  CHECK(log.failure_of(0) == code::invalid_argument);
}

TEST_CASE("payload reader: nothing at or above the global tail is answered (L7)") {
  large_fixture log;
  const wire::offset_t offset = log.put_split(text_of_size(2500), 1000);
  log.tail = offset; // everybody has the commit entry, and nobody knows it committed
  CHECK(log.failure_of(offset) == code::not_found);
  CHECK(log.peers.set_fetches == 0);
  log.tail = wire::no_offset; // right after a change of segments
  CHECK(log.failure_of(offset) == code::log_recovering);
  log.tail = offset + 1;
  CHECK(log.failure_of(offset) == code::ok);
}

TEST_CASE("payload reader: a trim hides a record at once, also one that is being read") {
  large_fixture log;
  const wire::offset_t offset = log.put_split(text_of_size(2500), 1000);
  CHECK(log.failure_of(offset) == code::ok);
  log.log().trim_point = offset - 1; // all of its fragments are below it
  CHECK(log.failure_of(offset) == code::ok);
  log.log().trim_point = offset;
  CHECK(log.failure_of(offset) == code::trimmed);
  log.known = {};
  CHECK(log.failure_of(offset) == code::trimmed);
}

TEST_CASE("payload reader: waits until there is room for its piece, and gives it back with the answer") {
  large_fixture log;
  const wire::offset_t offset = log.put_split(text_of_size(2500), 1000);
  CHECK(log.failure_of(offset) == code::ok);
  log.room = 999;
  bool answered = false;
  payload_reader reader(log.payloads, {"orders", offset, 0, 1000}, {}, log.now + 60s,
                        [&](const result<wire::payload_piece> &, const rope &) { answered = true; });
  reader.start();
  CHECK(reader.next_time() == log.now + 5ms);
  CHECK_FALSE(log.peers.deliver_one());
  log.room = 1000;
  log.now = reader.next_time();
  reader.on_time();
  CHECK(log.room == 0);
  while (log.peers.deliver_one()) {
  }
  CHECK(answered);
  CHECK(log.room == 1000);
}

TEST_CASE("payload reader: a reader that goes before its answer gives its room back") {
  large_fixture log;
  const wire::offset_t offset = log.put_split(text_of_size(2500), 1000);
  CHECK(log.failure_of(offset) == code::ok);
  {
    payload_reader reader(log.payloads, {"orders", offset, 0, 0}, {}, log.now + 60s,
                          [](const result<wire::payload_piece> &, const rope &) { FAIL("it is gone"); });
    reader.start();
    CHECK(log.room < 64 * wire::mib);
  }
  CHECK(log.room == 64 * wire::mib);
  while (log.peers.deliver_one()) {
  }
}

TEST_CASE("payload reader: a spilled record comes from its store, so much at a time") {
  large_fixture log;
  log.payloads.piece_bytes = 1000;
  const std::string payload = text_of_size(2500);
  const wire::offset_t offset = log.put_spilled(payload);
  CHECK(log.read_whole(offset, 0) == payload);
  CHECK(log.read_whole(offset, 333) == payload);
  CHECK(*std::max_element(log.blobs.asked_bytes.begin(), log.blobs.asked_bytes.end()) == 1000);
  CHECK(log.peers.fetches == 1);
  CHECK(log.read_whole(log.put_spilled(""), 0).empty());
}

TEST_CASE("payload reader: what a store says is passed on, with the record and the store's name") {
  large_fixture log;
  const wire::offset_t offset = log.put_spilled(text_of_size(2500));
  for (const code why : {code::blob_missing, code::blob_denied, code::blob_unavailable, code::blob_corrupt}) {
    log.blobs.fails = make_error(why, "no");
    const large_fixture::answer told = log.read_payload(offset, 0);
    REQUIRE(told.why.has_value());
    CHECK(told.why->code == why);
    CHECK(contains(told.why->text, "log orders offset 1, blob 7/0/1 of store \"archive\": no"));
  }
}

TEST_CASE("payload reader: a blob shorter than its record is corrupt (one byte)") {
  large_fixture log;
  const wire::offset_t offset = log.put_spilled(text_of_size(2500));
  log.blobs.blobs["archive/7/0/1"].pop_back();
  CHECK(log.failure_of(offset) == code::blob_corrupt);
  CHECK(log.read_payload(offset, 0, 2499).bytes.size() == 2499);
}

TEST_CASE("payload reader: a node without blob stores names the one that is wanted") {
  large_fixture log;
  log.payloads.blobs = nullptr;
  const large_fixture::answer told = log.read_payload(log.put_spilled(text_of_size(2500)), 0);
  REQUIRE(told.why.has_value());
  CHECK(told.why->code == code::not_found);
  CHECK(contains(told.why->text, "\"archive\""));
}

TEST_CASE("description cache: keeps those that were asked for last (one below, at, one above its size)") {
  description_cache cache;
  const auto put = [&](offset_t offset) { cache.put({{7, 0}, offset, 0, wire::spilled_record{}}); };
  for (offset_t offset = 1; offset < description_cache::kept_max; ++offset) {
    put(offset);
  }
  CHECK(cache.find(7, 1) != nullptr);
  put(description_cache::kept_max);
  CHECK(cache.find(7, 1) != nullptr);
  put(description_cache::kept_max + 1);
  CHECK(cache.find(7, 1) != nullptr);
  CHECK(cache.find(7, 2) == nullptr);
  CHECK(cache.find(8, 1) == nullptr);
}
