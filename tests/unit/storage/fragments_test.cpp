// The rows of fragments, against every storage: in the same write as the entry, found by set and index.
#include "contract.hpp"

#include "support/make_entry.hpp"

#include <outsize/wire/limits.hpp>

using namespace outsize;
using namespace outsize::host;
using namespace outsize::test;

namespace {

using places = std::vector<fragment_place>;

entry_write fragment_at(offset_t offset, std::uint64_t set, std::uint32_t index, std::size_t bytes = 10,
                        const segment_id &segment = one) {
  return {offset, whole_entry(make_fragment(segment, offset, set, index, std::string(bytes, 'f')))};
}

entry_write data_at(offset_t offset, std::size_t bytes = 10) {
  return {offset, whole_entry(make_entry(one, offset, std::string(bytes, 'd')))};
}

commit commit_of_writes(std::vector<entry_write> writes, const segment_id &segment = one) {
  commit what{segment, std::move(writes), {}};
  what.row.local_tail = what.entries.back().offset + 1;
  return what;
}

/// Fragments `indices` of set 7, at the offsets 100 + index.
commit set_seven(const std::vector<std::uint32_t> &indices) {
  std::vector<entry_write> writes;
  for (const std::uint32_t index : indices) {
    writes.push_back(fragment_at(100 + index, 7, index));
  }
  return commit_of_writes(std::move(writes));
}

fragment_request all_of(std::uint64_t set, const segment_id &segment = one) {
  return {segment, set, 0, UINT32_MAX, 0};
}

} // namespace

TEMPLATE_TEST_CASE("storage contract: fragments are found by set and index, also after a restart", "", rocksdb_subject,
                   fault_subject) {
  contract<TestType> c;
  REQUIRE(c.commit(commit_of_writes({data_at(4), fragment_at(5, 7, 0), fragment_at(6, 9, 0),
                                     fragment_at(7, 7, 1, 100'000), data_at(8, 100'000), fragment_at(9, 7, 2)})));
  const int restarts = GENERATE(0, 1);
  for (int at = 0; at < restarts; ++at) {
    c.subject.reopen();
  }
  CHECK(c.find(all_of(7)).places == places{{0, 5}, {1, 7}, {2, 9}});
  CHECK(c.find(all_of(7)).next == UINT32_MAX);
  CHECK(c.find(all_of(9)).places == places{{0, 6}});
  CHECK(c.find(all_of(8)).places.empty());
  CHECK(c.find(all_of(7, two)).places.empty());
  CHECK(c.read(one, 7, 8).entries.at(0).bytes.size() == wire::entry_header_bytes + 100'000);
}

TEMPLATE_TEST_CASE("storage contract: a search has a range (one below, at, one above) and passes over what is missing",
                   "", rocksdb_subject, fault_subject) {
  contract<TestType> c;
  REQUIRE(c.commit(set_seven({2, 3, 5})));
  const auto range = [&](std::uint32_t from, std::uint32_t to) { return c.find({one, 7, from, to, 0}); };
  CHECK(range(1, 4).places == places{{2, 102}, {3, 103}});
  CHECK(range(2, 4).places == places{{2, 102}, {3, 103}});
  CHECK(range(3, 4).places == places{{3, 103}});
  CHECK(range(2, 5).places == places{{2, 102}, {3, 103}});
  CHECK(range(2, 5).next == 5);
  CHECK(range(2, 6).places == places{{2, 102}, {3, 103}, {5, 105}});
  CHECK(range(4, 5).places.empty());
  CHECK(range(4, 5).next == 5);
  CHECK(range(6, 100).next == 100);
  CHECK(range(3, 3).places.empty());
  CHECK(range(3, 3).next == 3);
  CHECK(range(3, 2).next == 3);
}

TEMPLATE_TEST_CASE("storage contract: a search ends at its count (one below, at, one above)", "", rocksdb_subject,
                   fault_subject) {
  contract<TestType> c;
  REQUIRE(c.commit(set_seven({0, 1, 2, 9})));
  const auto found = [&](std::uint32_t count_max) { return c.find({one, 7, 0, 20, count_max}); };
  CHECK(found(3).places == places{{0, 100}, {1, 101}, {2, 102}});
  CHECK(found(3).next == 3);
  CHECK(found(4).places.size() == 4);
  CHECK(found(4).next == 20);
  CHECK(found(5).next == 20);
  CHECK(found(0).next == 20);
  CHECK(found(1).next == 1);
}

TEMPLATE_TEST_CASE("storage contract: sets and indices sort as numbers and keep apart", "", rocksdb_subject,
                   fault_subject) {
  contract<TestType> c;
  offset_t next = 1;
  places of_one;
  std::vector<entry_write> writes;
  for (const std::uint32_t index : {0U, 255U, 256U, wire::fragments_max - 1, UINT32_MAX - 1}) {
    of_one.push_back({index, next});
    writes.push_back(fragment_at(next++, 1, index));
  }
  for (const std::uint64_t set : {std::uint64_t{2}, std::uint64_t{255}, std::uint64_t{256}, UINT64_MAX}) {
    writes.push_back(fragment_at(next++, set, 0));
  }
  REQUIRE(c.commit(commit_of_writes(std::move(writes))));
  REQUIRE(c.commit(commit_of_writes({fragment_at(1, 1, 0, 10, two)}, two)));
  CHECK(c.find(all_of(1)).places == of_one);
  CHECK(c.find(all_of(2)).places == places{{0, 6}});
  CHECK(c.find(all_of(256)).places == places{{0, 8}});
  CHECK(c.find(all_of(UINT64_MAX)).places == places{{0, 9}});
  CHECK(c.find(all_of(1, two)).places == places{{0, 1}});
}

TEMPLATE_TEST_CASE("storage contract: the last write of a fragment counts, also within one commit", "", rocksdb_subject,
                   fault_subject) {
  contract<TestType> c;
  REQUIRE(c.commit(commit_of_writes({fragment_at(5, 7, 0)})));
  REQUIRE(c.commit(commit_of_writes({fragment_at(5, 7, 0)}))); // mended
  CHECK(c.find(all_of(7)).places == places{{0, 5}});
  REQUIRE(c.commit(commit_of_writes({fragment_at(6, 7, 0), fragment_at(8, 7, 0)})));
  CHECK(c.find(all_of(7)).places == places{{0, 8}});
}

TEMPLATE_TEST_CASE("storage contract: what is no intact fragment of its place has no row", "", rocksdb_subject,
                   fault_subject) {
  contract<TestType> c;
  const rope whole = fragment_at(5, 7, 0).bytes;
  std::string flipped(whole.flatten().text());
  flipped[60] = static_cast<char>(flipped[60] ^ 1);
  const entry_write damaged{5, rope(buffer::copy_of(flipped))};
  const entry_write cut_short{5, whole.slice(0, wire::entry_header_bytes - 1)};
  const entry_write elsewhere{6, whole};
  for (const entry_write &write : {damaged, cut_short, elsewhere}) {
    REQUIRE(c.commit(commit_of_writes({write})));
    CHECK(c.find(all_of(7)).places.empty());
  }
  REQUIRE(c.commit(commit_of_writes({{5, whole}}, two))); // of another segment
  CHECK(c.find(all_of(7, two)).places.empty());
  const entry_write only_header{5, whole.slice(0, wire::entry_header_bytes)};
  REQUIRE(c.commit(commit_of_writes({only_header})));
  CHECK(c.find(all_of(7)).places == places{{0, 5}});
}

TEMPLATE_TEST_CASE("storage contract: a header that comes in pieces makes a row all the same", "", rocksdb_subject,
                   fault_subject) {
  contract<TestType> c;
  const std::string whole(fragment_at(5, 7, 0).bytes.flatten().text());
  entry_write pieces{5, {}};
  for (std::size_t at = 0; at < whole.size(); at += 50) {
    pieces.bytes.append(buffer::copy_of(std::string_view(whole).substr(at, 50)));
  }
  REQUIRE(c.commit(commit_of_writes({pieces})));
  CHECK(c.find(all_of(7)).places == places{{0, 5}});
}

TEMPLATE_TEST_CASE("storage contract: fragments as headers, and only their headers count as bytes", "", rocksdb_subject,
                   fault_subject) {
  contract<TestType> c;
  REQUIRE(c.commit(commit_of_writes({data_at(1, 50), fragment_at(2, 7, 0), fragment_at(3, 7, 1, 10'000),
                                     fragment_at(4, 7, 2, 100'000), data_at(5, 50)})));
  const auto read = [&](std::uint64_t bytes_max) {
    return c.read({.segment = one, .from = 1, .to = 9, .bytes_max = bytes_max, .fragments_as_headers = true});
  };
  const std::uint64_t whole = 5 * wire::entry_header_bytes + 100;
  CHECK(read(whole - 1).next == 5);
  CHECK(read(whole).next == 9);
  CHECK(read(whole + 1).next == 9);
  const auto all = read(whole).entries;
  REQUIRE(all.size() == 5);
  CHECK(all[0].bytes.size() == wire::entry_header_bytes + 50);
  for (const std::size_t at : {1U, 2U, 3U}) {
    CHECK(all[at].bytes.size() == wire::entry_header_bytes);
    CHECK(wire::decode_entry_header(all[at].bytes.span())->fragment_index == at - 1);
  }
  CHECK(all[4].bytes.size() == wire::entry_header_bytes + 50);
}

TEST_CASE("fault store: the rows of commits that were refused, or lost with the machine, are gone with their entries") {
  fault_store store;
  const auto places_now = [&] {
    places found;
    store.find_fragments(all_of(7), [&](const result<fragment_result> &got) { found = got->places; });
    store.settle();
    return found;
  };
  store.submit(set_seven({0}), [](const result<void> &) {});
  store.set_disk_full(true);
  store.submit(set_seven({1}), [](const result<void> &) {});
  store.settle();
  store.set_disk_full(false);
  CHECK(places_now() == places{{0, 100}});
  store.hold_commits(true);
  for (const std::uint32_t index : {1U, 2U, 3U}) {
    store.submit(set_seven({index}), [](const result<void> &) {});
  }
  CHECK(places_now() == places{{0, 100}});
  store.crash(1);
  CHECK(places_now() == places{{0, 100}, {1, 101}});
  store.fail_next_commit(false);
  store.submit(set_seven({2}), [](const result<void> &) {});
  store.finish_commits();
  CHECK(places_now() == places{{0, 100}, {1, 101}});
}
