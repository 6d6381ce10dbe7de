#include "faulty_disk.hpp"

#include "host/storage/store_format.hpp"
#include "support/make_entry.hpp"

#include <outsize/wire/limits.hpp>

#include <rocksdb/db.h>

using namespace outsize;
using namespace outsize::host;
using namespace outsize::test;

namespace {

const segment_id segment{3, 1};
using places = std::vector<fragment_place>;

commit fragment_commit(offset_t offset, std::uint64_t set, std::uint32_t index, std::size_t bytes = 100) {
  commit what{
      segment, {{offset, whole_entry(make_fragment(segment, offset, set, index, std::string(bytes, 'f')))}}, {}};
  what.row.local_tail = offset + 1;
  return what;
}

const fragment_request all_of_seven{segment, 7, 0, UINT32_MAX, 0};

/// Opens the database with these families only, as another version would.
rocksdb::Status open_raw(const std::string &directory, const std::vector<std::string> &names, bool create) {
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string &name : names) {
    families.emplace_back(name, rocksdb::ColumnFamilyOptions());
  }
  rocksdb::DBOptions options;
  options.create_if_missing = create;
  options.create_missing_column_families = create;
  std::vector<rocksdb::ColumnFamilyHandle *> handles;
  rocksdb::DB *opened = nullptr;
  const auto status = rocksdb::DB::Open(options, directory + "/db", families, &handles, &opened);
  const std::unique_ptr<rocksdb::DB> db(opened);
  for (rocksdb::ColumnFamilyHandle *handle : handles) {
    (void)db->DestroyColumnFamilyHandle(handle);
  }
  return status;
}

} // namespace

TEST_CASE("rocksdb: a store of data dir format 2 takes fragments, and is opened by that version no more") {
  const std::vector<std::string> families_of_format_2{rocksdb::kDefaultColumnFamilyName, "entries", "rows", "values"};
  disk_subject d;
  d.store.reset();
  d.options.directory = d.dir / "old";
  std::filesystem::create_directory(d.options.directory);
  REQUIRE(open_raw(d.options.directory, families_of_format_2, true).ok());
  d.open();
  CHECK(find_now(d.entries(), all_of_seven)->places.empty());
  REQUIRE(commit_now(d.entries(), fragment_commit(1, 7, 0)));
  CHECK(find_now(d.entries(), all_of_seven)->places == places{{0, 1}});
  d.store.reset();
  const auto refused = open_raw(d.options.directory, families_of_format_2, false);
  REQUIRE(refused.IsInvalidArgument());
  CHECK(refused.ToString().find("fragments") != std::string::npos);
}

TEST_CASE("rocksdb: rows of fragments that have rotted are a failure, never an absence") {
  disk_subject d;
  for (std::uint32_t index = 0; index < 20; ++index) {
    REQUIRE(commit_now(d.entries(), fragment_commit(index + 1, 7, index)));
  }
  d.reopen(); // recovery moves everything out of RocksDB's log
  REQUIRE(find_now(d.entries(), all_of_seven)->places.size() == 20);
  const auto key =
      encode_fragment_key(segment, 7, 16); // every 16th key is written in full, the first one elsewhere too
  REQUIRE(flip_byte_on_disk(d, std::string(key.begin(), key.end())));
  const auto found = find_now(d.entries(), all_of_seven);
  REQUIRE(!found.has_value());
  CHECK(found.error().code == code::storage_failed);
  CHECK(found.error().text.find("the places of fragments cannot be read") == 0);
  CHECK(read_now(d.entries(), {.segment = segment, .from = 1, .to = 30, .bytes_max = 1 << 20})->entries.size() == 20);
}

TEST_CASE("rocksdb: fragments as headers open no bulk file") {
  disk_subject d;
  REQUIRE(commit_now(d.entries(), fragment_commit(1, 7, 0, 100'000)));
  d.store.reset();
  REQUIRE(std::filesystem::remove(d.options.directory + "/bulk/000000000001.bulk"));
  d.open();
  const read_request whole{.segment = segment, .from = 1, .to = 2, .bytes_max = 1 << 20};
  read_request headers = whole;
  headers.fragments_as_headers = true;
  CHECK(read_now(d.entries(), whole)->entries.at(0).bytes.empty());
  CHECK(read_now(d.entries(), headers)->entries.at(0).bytes.text() ==
        make_fragment(segment, 1, 7, 0, std::string(100'000, 'f')).header.text());
}

TEST_CASE("rocksdb: a fragment that was refused, or whose write failed, has no row without its entry") {
  const bool large = GENERATE(false, true);
  const std::size_t bytes = large ? 100'000 : 100;
  faulty_disk d;
  d.store.reset();
  d.options.free_bytes_min = 10'000;
  d.open();
  d.disk->set_free_bytes(10'000);
  const auto refused = commit_now(d.entries(), fragment_commit(1, 7, 0, bytes));
  REQUIRE(!refused.has_value());
  CHECK(refused.error().code == code::disk_full);
  CHECK(find_now(d.entries(), all_of_seven)->places.empty());
  d.disk->set_free_bytes(1 << 30);
  REQUIRE(commit_now(d.entries(), fragment_commit(1, 7, 0, bytes)));
  d.disk->set_fault(disk_fault::sync_fails);
  REQUIRE(!commit_now(d.entries(), fragment_commit(2, 7, 1, bytes)).has_value());
  d.disk->set_fault(disk_fault::none);
  d.reopen(); // both of the second fragment, or neither
  const auto entries = read_now(d.entries(), {.segment = segment, .from = 1, .to = 9, .bytes_max = 1 << 20})->entries;
  const auto found = find_now(d.entries(), all_of_seven)->places;
  REQUIRE((entries.size() == 1 || entries.size() == 2));
  CHECK(found.size() == entries.size());
}

TEST_CASE("rocksdb: reads and searches are answered in the order they were asked") {
  disk_subject d;
  REQUIRE(commit_now(d.entries(), fragment_commit(1, 7, 0)));
  std::string order;
  for (int at = 0; at < 3; ++at) {
    d.entries().read({.segment = segment, .from = 1, .to = 2, .bytes_max = 1}, [&](const auto &) { order += 'r'; });
    d.entries().find_fragments(all_of_seven, [&](const auto &) { order += 'f'; });
  }
  run_until(d.entries(), [&] { return order.size() == 6; });
  CHECK(order == "rfrfrf");
}
