#include "faulty_disk.hpp"

#include "host/storage/stored_value.hpp"

#include <outsize/wire/limits.hpp>

#include <cstring>
#include <filesystem>
#include <iterator>
#include <random>

using namespace outsize;
using namespace outsize::host;
using namespace outsize::test;

namespace {

const segment_id segment{3, 1};

std::string random_bytes(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string bytes(count, '\0');
  for (std::size_t at = 0; at + 8 <= count; at += 8) {
    const std::uint64_t next = random();
    std::memcpy(bytes.data() + at, &next, 8);
  }
  return bytes;
}

} // namespace

TEST_CASE("rocksdb: entries around every threshold and up to 64 MiB come back bit for bit, also after a reopen") {
  disk_subject d;
  const std::vector<std::size_t> sizes{0,      1,      4095,    4096,          4097,     32'766,         32'767,
                                       32'768, 32'769, 1 << 20, (1 << 20) + 1, 32 << 20, (32 << 20) + 1, 64 << 20};
  for (std::size_t at = 0; at < sizes.size(); ++at) {
    REQUIRE(commit_now(d.entries(), commit_of(segment, at + 1, {"h" + random_bytes(sizes[at], at)})));
  }
  for (int round = 0; round < 2; ++round) {
    for (std::size_t at = 0; at < sizes.size(); ++at) {
      const auto read = read_now(d.entries(), {.segment = segment, .from = at + 1, .to = at + 2, .bytes_max = 1});
      REQUIRE(read.has_value());
      REQUIRE(read->entries.size() == 1);
      REQUIRE(read->entries[0].bytes.text() == "h" + random_bytes(sizes[at], at));
    }
    d.reopen();
  }
}

TEST_CASE("rocksdb: many commits at once share syncs, and the descriptor tells when they are done") {
  disk_subject d;
  std::size_t told = 0;
  for (offset_t offset = 1; offset <= 5000; ++offset) {
    d.entries().submit(commit_of(segment, offset, {random_bytes(1000, offset)}),
                       [&](const result<void> &outcome) { told += outcome ? 1 : 0; });
  }
  run_until(d.entries(), [&] { return told == 5000; });
  pollfd quiet{d.entries().event_fd(), POLLIN, 0};
  CHECK(poll(&quiet, 1, 0) == 0);
  d.reopen();
  CHECK(read_now(d.entries(), {.segment = segment, .from = 1, .to = 5001, .bytes_max = 1 << 30})->entries.size() ==
        5000);
}

TEST_CASE("rocksdb: closing finishes the commits submitted, and calls nobody") {
  disk_subject d;
  bool called = false;
  for (offset_t offset = 1; offset <= 100; ++offset) {
    d.entries().submit(commit_of(segment, offset, {random_bytes(10'000, offset)}),
                       [&](const result<void> &) { called = true; });
  }
  d.reopen();
  CHECK(!called);
  CHECK(d.entries().load()->at(0).second.local_tail == 101);
}

TEST_CASE("rocksdb: values are durable, listed by prefix, replaced") {
  disk_subject d;
  std::size_t told = 0;
  for (const auto &[key, value] : std::vector<std::pair<std::string, std::string>>{
           {"log/a", "1"}, {"log/b", "2"}, {"node/a", "3"}, {"log/a", "4"}, {"m", std::string(100'000, 'v')}}) {
    d.values().put(key, value, [&](const result<void> &outcome) { told += outcome ? 1 : 0; });
  }
  run_until(d.values(), [&] { return told == 5; });
  d.reopen();
  using pairs = std::vector<std::pair<std::string, std::string>>;
  CHECK(*d.values().load("log/") == pairs{{"log/a", "4"}, {"log/b", "2"}});
  CHECK(d.values().load("")->size() == 4);
  CHECK(d.values().load("x")->empty());
}

TEST_CASE("rocksdb: a failed write is fail-stop, also when the disk is well again") {
  const auto fault =
      GENERATE(disk_fault::sync_fails, disk_fault::append_fails, disk_fault::append_is_torn, disk_fault::no_space);
  CAPTURE(static_cast<int>(fault));
  faulty_disk d;
  const bool large = GENERATE(false, true);
  const std::string entry = random_bytes(large ? 200'000 : 100, 1);
  REQUIRE(commit_now(d.entries(), commit_of(segment, 1, {entry})));
  d.disk->set_fault(fault);
  const auto failed = commit_now(d.entries(), commit_of(segment, 2, {entry}));
  REQUIRE(!failed.has_value());
  CHECK(failed.error().code == code::storage_failed);
  d.disk->set_fault(disk_fault::none);
  const auto later = commit_now(d.entries(), commit_of(segment, 3, {entry}));
  REQUIRE(!later.has_value());
  CHECK(later.error().code == code::storage_failed);

  d.reopen(); // what was acknowledged is there; of the rest all or nothing
  const auto tail = d.entries().load()->at(0).second.local_tail;
  CHECK((tail == 2 || tail == 3));
  const auto read = read_now(d.entries(), {.segment = segment, .from = 1, .to = 9, .bytes_max = 1 << 20});
  REQUIRE(read->entries.size() == tail - 1);
  CHECK(read->entries[0].bytes.text() == entry);
}

TEST_CASE("rocksdb: the disk's reserve is refused before anything is written (one below, at, one above)") {
  faulty_disk d;
  d.store.reset();
  d.options.free_bytes_min = 10'000;
  d.open();
  const std::uint64_t needed = 10'000 + 2 * 1000;
  const int room = GENERATE(-1, 0, 1);
  d.disk->set_free_bytes(needed + static_cast<std::uint64_t>(room + 1) - 1);
  const auto outcome = commit_now(d.entries(), commit_of(segment, 1, {std::string(1000, 'x')}));
  if (room < 0) {
    REQUIRE(!outcome.has_value());
    CHECK(outcome.error().code == code::disk_full);
    CHECK(outcome.error().text == "11999 bytes are free on the disk of the store, and 10000 must stay free");
    CHECK(read_now(d.entries(), {.segment = segment, .from = 1, .to = 2, .bytes_max = 1})->entries.empty());
  } else {
    CHECK(outcome.has_value());
  }
}

TEST_CASE("rocksdb: a refusal takes along what was submitted before it was told, and nothing after") {
  faulty_disk d;
  d.store.reset();
  d.options.free_bytes_min = 10'000;
  d.open();
  d.disk->set_free_bytes(15'000);
  std::vector<bool> stored;
  const auto submit = [&](offset_t offset, std::size_t bytes) {
    d.entries().submit(commit_of(segment, offset, {std::string(bytes, 'x')}),
                       [&](const result<void> &outcome) { stored.push_back(outcome.has_value()); });
  };
  submit(1, 100);
  run_until(d.entries(), [&] { return stored.size() == 1; });
  submit(2, 100'000);
  submit(3, 100);
  d.entries().submit({segment, {}, {}}, [&](const result<void> &outcome) { stored.push_back(outcome.has_value()); });
  run_until(d.entries(), [&] { return stored.size() == 4; });
  submit(2, 100);
  run_until(d.entries(), [&] { return stored.size() == 5; });
  CHECK(stored == std::vector<bool>{true, false, false, false, true});
}

TEST_CASE("rocksdb: seals and values may use half of the reserve") {
  faulty_disk d;
  d.store.reset();
  d.options.free_bytes_min = 10'000;
  d.open();
  const std::uint64_t free_bytes = GENERATE(4999, 5000, 5001);
  d.disk->set_free_bytes(free_bytes);
  CHECK(commit_now(d.entries(), {segment, {}, {}}).has_value() == (free_bytes >= 5000));
  std::optional<result<void>> put;
  d.values().put("key", "value", [&](result<void> got) { put = std::move(got); });
  run_until(d.values(), [&] { return put.has_value(); });
  CHECK(put->has_value() == (free_bytes >= 5000));
}

TEST_CASE("rocksdb: a bit flipped in a data file damages that entry only, and it can be written over") {
  const std::size_t bytes = GENERATE(10'000, 100'000); // in a blob of RocksDB, in a bulk file
  disk_subject d;
  std::vector<std::string> entries;
  for (std::uint64_t at = 1; at <= 5; ++at) {
    entries.push_back(random_bytes(bytes, at));
  }
  REQUIRE(commit_now(d.entries(), commit_of(segment, 1, entries)));
  d.reopen(); // recovery moves everything out of RocksDB's log
  REQUIRE(flip_byte_on_disk(d, entries[2].substr(bytes / 2, 16)));
  const auto read = read_now(d.entries(), {.segment = segment, .from = 1, .to = 9, .bytes_max = 1 << 20});
  REQUIRE(read.has_value());
  REQUIRE(read->entries.size() == 5);
  for (std::size_t at = 0; at < 5; ++at) {
    CHECK((read->entries[at].bytes.text() == entries[at]) == (at != 2));
  }
  CHECK(read->next == 9);
  REQUIRE(commit_now(d.entries(), commit_of(segment, 3, {entries[2]})));
  CHECK(read_now(d.entries(), {.segment = segment, .from = 3, .to = 4, .bytes_max = 1})->entries[0].bytes.text() ==
        entries[2]);
}

TEST_CASE("rocksdb: a lost or shortened bulk file makes its entries unreadable, and their headers stay") {
  const bool lost = GENERATE(true, false);
  disk_subject d;
  const std::vector<std::string> entries{random_bytes(100'000, 1), random_bytes(100'000, 2), "small"};
  REQUIRE(commit_now(d.entries(), commit_of(segment, 1, entries)));
  d.store.reset();
  const std::string file = d.options.directory + "/bulk/000000000001.bulk";
  REQUIRE(std::filesystem::file_size(file) == 200'000);
  if (lost) {
    std::filesystem::remove(file);
  } else {
    std::filesystem::resize_file(file, 199'999);
  }
  d.open();
  const auto read = read_now(d.entries(), {.segment = segment, .from = 1, .to = 9, .bytes_max = 1 << 20});
  REQUIRE(read->entries.size() == 3);
  CHECK(read->entries[0].bytes.empty() == lost);
  CHECK(read->entries[1].bytes.empty());
  CHECK(read->entries[2].bytes.text() == "small");
  const auto heads =
      read_now(d.entries(), {.segment = segment, .from = 2, .to = 3, .bytes_max = 1 << 20, .headers_only = true});
  CHECK(heads->entries.at(0).bytes.text() == entries[1].substr(0, wire::entry_header_bytes));
}

TEST_CASE("rocksdb: a bulk file is never written to again after a restart") {
  disk_subject d;
  for (int round = 1; round <= 3; ++round) {
    REQUIRE(commit_now(d.entries(), commit_of(segment, 1, {random_bytes(50'000, 1)})));
    d.reopen();
    const auto files = std::filesystem::directory_iterator(d.options.directory + "/bulk");
    CHECK(std::distance(begin(files), end(files)) == round);
  }
}

TEST_CASE("stored value: both forms come back, anything else is damage") {
  const rope entry(buffer::copy_of(random_bytes(40'000, 1)));
  const bulk_place place{1, UINT64_MAX, 40'000};
  const std::string bytes = encode_reference(place, entry);
  CHECK(decode_value(bytes)->place == place);
  CHECK(decode_value(bytes)->head == entry.flatten().text().substr(0, wire::entry_header_bytes));
  CHECK(decode_value(std::string(1, inline_tag) + "entry")->head == "entry");
  CHECK(decode_value(std::string(1, inline_tag))->head.empty());
  CHECK(!decode_value("").has_value());
  CHECK(!decode_value("\x02entry").has_value());
  CHECK(!decode_value(bytes.substr(0, 24)).has_value());
  CHECK(decode_value(bytes.substr(0, 25)).has_value());
}

TEST_CASE("rocksdb: an open store refuses a second one, naming the directory") {
  disk_subject d;
  const auto second = rocksdb_store::open(d.options);
  REQUIRE(!second.has_value());
  CHECK(second.error().code == code::storage_failed);
  CHECK(second.error().text.find(d.options.directory) != std::string::npos);
}
