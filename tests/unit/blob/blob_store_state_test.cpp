#include "host/blob/blob_key.hpp"
#include "unit/blob/support/service_rig.hpp"

#include <outsize/blob_call.hpp>
#include <outsize/wire/limits.hpp>

#include <set>

using namespace outsize;
using namespace outsize::host;
using namespace outsize::test;
using namespace std::chrono_literals;

namespace {

blob_service_options looking_every(duration every) {
  blob_service_options how;
  how.looks.look_every = every;
  return how;
}

} // namespace

TEST_CASE("blob key: of a log, a segment, a generation and a number, each telling blobs apart") {
  CHECK(blob_key({7, 3}, 12, 401) == "7/3/12-401");
  CHECK(blob_key({7, 3}, 12, 401).starts_with(blob_prefix(7)));
  CHECK_FALSE(blob_key({70, 3}, 12, 401).starts_with(blob_prefix(7)));
  const std::set<std::string> keys = {blob_key({7, 3}, 12, 1), blob_key({7, 3}, 1, 21), blob_key({7, 3}, 12, 11),
                                      blob_key({7, 31}, 2, 1), blob_key({73, 1}, 2, 1), blob_key({7, 3}, 121, 1)};
  CHECK(keys.size() == 6);
  const std::string longest = blob_key({UINT64_MAX, UINT32_MAX}, UINT64_MAX, UINT64_MAX);
  CHECK(longest.size() <= wire::blob_key_bytes_max);
  CHECK(valid_blob_key(longest));
  CHECK(valid_blob_key(blob_marker_key));
}

TEST_CASE("blob marker: read back as it was written, and nothing else is taken for one") {
  const blob_marker marker = marker_of("archive");
  CHECK(decode_blob_marker(encode(marker)).value() == marker);
  const blob_marker largest{std::string(32, 'f'), std::string(32, 'f'), std::string(64, 's')};
  CHECK(encode(largest).size() <= blob_marker_bytes_max);
  for (const std::string text : {"", "{}", "[]", "hello", "{\"outsize-blob-store\": 1}",
                                 "{\"outsize-blob-store\":1,\"id\":7,\"cluster\":\"\",\"store\":\"\"}"}) {
    CAPTURE(text);
    CHECK(decode_blob_marker(text).error().code == code::blob_corrupt);
  }
  const error newer = decode_blob_marker("{\"outsize-blob-store\": 2}").error();
  CHECK(newer.text == "its marker has the format 2, this version knows 1");
}

TEST_CASE("blob service: policies see every store with its state and what is free") {
  service_rig rig(looking_every(1ms));
  rig.archive.set_free(77);
  rig.run_until([&] { return rig.facts_of("archive").free_bytes == 77U; });
  rig.other.fail("get", code::blob_unavailable);
  rig.run_until([&] { return rig.state_of("other") == OUTSIZE_BLOB_STORE_UNAVAILABLE; });
  const std::vector<outsize_blob_store_state> states = rig.service->states();
  REQUIRE(states.size() == 2);
  CHECK(std::string(states[0].name) == "archive");
  CHECK(states[0].state == OUTSIZE_BLOB_STORE_READY);
  CHECK(states[0].free_bytes == 77);
  CHECK(states[0].struct_size == sizeof(outsize_blob_store_state));
  CHECK(std::string(states[1].name) == "other");
  CHECK(states[1].state == OUTSIZE_BLOB_STORE_UNAVAILABLE);
  CHECK(states[1].free_bytes == UINT64_MAX);
}

TEST_CASE("blob service: a store that becomes foreign is refused with a line in the log, and taken again") {
  service_rig rig(looking_every(1ms));
  REQUIRE(rig.put("archive", "a", "abc").has_value());
  rig.archive.drop("outsize/marker");
  rig.run_until([&] { return rig.state_of("archive") == OUTSIZE_BLOB_STORE_FOREIGN; });
  CHECK(rig.logged("blob store refused: store=archive reason=\"it has no marker, and the metadata knows 1111"));
  CHECK(rig.put("archive", "b", "abc").error().code == code::blob_unavailable);
  const result<rope> got = rig.wait_for(rig.get("archive", "a", 0, 3));
  CHECK(got.error().code == code::blob_unavailable);
  CHECK(got.error().text.starts_with("blob store \"archive\": it has no marker"));
  CHECK(rig.archive.calls("begin") == 1);

  rig.archive.put("outsize/marker", encode(marker_of("archive")));
  rig.run_until([&] { return rig.state_of("archive") == OUTSIZE_BLOB_STORE_READY; });
  CHECK(rig.logged("blob store ready: store=archive"));
  CHECK(text_of(rig.wait_for(rig.get("archive", "a", 0, 3))) == "abc");
}

TEST_CASE("blob service: a blob refused for want of room makes the store full at once, and it goes on by itself") {
  service_rig rig(looking_every(50ms));
  const std::optional<std::uint64_t> free_after = GENERATE(std::optional<std::uint64_t>(1000), std::nullopt);
  rig.archive.set_free(free_after.has_value() ? std::optional<std::uint64_t>(0) : std::nullopt);
  rig.archive.fail("begin", code::disk_full);
  CHECK(rig.put("archive", "a", "abc").error().code == code::disk_full);
  CHECK(rig.state_of("archive") == OUTSIZE_BLOB_STORE_FULL);
  CHECK(rig.logged("blob store full: store=archive"));
  rig.archive.heal();
  rig.archive.set_free(free_after);
  rig.run_until([&] { return rig.state_of("archive") == OUTSIZE_BLOB_STORE_READY; });
  CHECK(rig.put("archive", "a", "abc").has_value());
}

TEST_CASE("blob service: a store that hangs is unavailable, and the loop goes on") {
  blob_service_options how = looking_every(1ms);
  how.looks.look_timeout = 20ms;
  service_rig rig(how);
  rig.archive.hold("get", true);
  rig.run_until([&] { return rig.state_of("archive") == OUTSIZE_BLOB_STORE_UNAVAILABLE; });
  CHECK(rig.facts_of("archive").reason == "it does not answer");
  CHECK(rig.put("other", "a", "abc").has_value());
  rig.archive.let_go();
  rig.run_until([&] { return rig.state_of("archive") == OUTSIZE_BLOB_STORE_READY; });
}

TEST_CASE("blob service: a store that cannot be opened yet is opened as soon as it can") {
  bent_shelf shelf;
  shelf.put("outsize/marker", encode(marker_of("archive")));
  int tries = 0; // by one look at a time
  std::vector<blob_source> stores;
  stores.push_back({"archive", nullptr, [&]() -> result<std::unique_ptr<blob_store_handle>> {
                      if (++tries < 3) {
                        return make_error(code::blob_unavailable, "no route yet");
                      }
                      return open_bent_store(shelf);
                    }});
  blob_service_options how = looking_every(1ms);
  how.now = &steady_now;
  how.log = [](int, const std::string &) {};
  const auto service = blob_service::start(std::move(stores), how).value();
  service->expect("archive", expectation_of("archive"));

  later<rope> early;
  service->get("archive", "a", 0, 1, steady_now() + rig_patience, early.callback());
  const upload_id upload = service->begin("archive", "a", 3);
  later<void> done;
  service->finish(upload, done.callback());
  drive(*service, [&] { return early.came() && done.came(); });
  CHECK(early.why() == code::blob_unavailable);
  CHECK(done.why() == code::blob_unavailable);
  drive(*service, [&] { return service->facts().front().state == OUTSIZE_BLOB_STORE_READY; });
  CHECK(tries == 3);
}
