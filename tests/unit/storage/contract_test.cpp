// What every storage promises, run against the real one and the one that other tests are built on.
#include "contract.hpp"

#include <outsize/wire/limits.hpp>

using namespace outsize;
using namespace outsize::host;
using namespace outsize::test;

namespace {

std::vector<offset_t> offsets_in(const read_result &read) {
  std::vector<offset_t> offsets;
  for (const read_entry &entry : read.entries) {
    offsets.push_back(entry.offset);
  }
  return offsets;
}
using offsets = std::vector<offset_t>;

} // namespace

TEMPLATE_TEST_CASE("storage contract: entries and row come back, also after a restart", "", rocksdb_subject,
                   fault_subject) {
  contract<TestType> c;
  commit what = commit_of(one, 5, {"five", "six", std::string(100'000, 'x')});
  what.row = {7, true, 9, 8, 3, {{4, 5}, {8, 9}}};
  REQUIRE(c.commit(what).has_value());
  const int restarts = GENERATE(0, 1);
  for (int at = 0; at < restarts; ++at) {
    c.subject.reopen();
  }
  const auto known = c.store().load();
  REQUIRE(known.has_value());
  REQUIRE(known->size() == 1);
  CHECK((*known)[0].first == one);
  CHECK((*known)[0].second == what.row);
  const auto read = c.read(one, 1, 100);
  REQUIRE(offsets_in(read) == offsets{5, 6, 7});
  CHECK(read.entries[0].bytes.text() == "five");
  CHECK(read.entries[1].bytes.text() == "six");
  CHECK(read.entries[2].bytes.text() == std::string(100'000, 'x'));
  CHECK(read.next == 100);
}

TEMPLATE_TEST_CASE("storage contract: an entry of several stretches is one, and the last write of an offset counts", "",
                   rocksdb_subject, fault_subject) {
  contract<TestType> c;
  commit what{one, {{1, {}}}, {}};
  for (const char *part : {"a", "bc", "", "def"}) {
    what.entries[0].bytes.append(buffer::copy_of(std::string_view(part)));
  }
  REQUIRE(c.commit(what).has_value());
  CHECK(c.read(one, 1, 2).entries.at(0).bytes.text() == "abcdef");
  REQUIRE(c.commit(commit_of(one, 1, {"again"})).has_value());
  CHECK(c.read(one, 1, 2).entries.at(0).bytes.text() == "again");
}

TEMPLATE_TEST_CASE("storage contract: segments keep apart, and offsets sort as numbers", "", rocksdb_subject,
                   fault_subject) {
  contract<TestType> c;
  const std::vector<offset_t> order{1, 255, 256, 65'535, 65'536, UINT64_MAX - 1};
  for (const offset_t offset : order) {
    REQUIRE(c.commit(commit_of(one, offset, {"one"})).has_value());
    REQUIRE(c.commit(commit_of(two, offset, {"two"})).has_value());
  }
  REQUIRE(c.commit(commit_of({256, 0}, 1, {"log 256"})).has_value());
  CHECK(offsets_in(c.read(one, 0, UINT64_MAX)) == order);
  CHECK(c.read(two, 255, 256).entries.at(0).bytes.text() == "two");
  CHECK(offsets_in(c.read({256, 0}, 0, UINT64_MAX)) == offsets{1});
  CHECK(offsets_in(c.read({2, 0}, 0, UINT64_MAX)).empty());
  CHECK(c.store().load()->size() == 3);
}

TEMPLATE_TEST_CASE("storage contract: commits take effect and are told in the order submitted", "", rocksdb_subject,
                   fault_subject) {
  contract<TestType> c;
  std::vector<offset_t> told;
  for (offset_t offset = 1; offset <= 200; ++offset) {
    c.store().submit(commit_of(one, offset, {std::to_string(offset)}), [&told, offset](const result<void> &outcome) {
      REQUIRE(outcome.has_value());
      told.push_back(offset);
    });
  }
  CHECK(told.empty()); // never inside submit
  CHECK(c.store().pending_bytes() > 0);
  c.subject.wait([&] { return told.size() == 200; });
  CHECK(std::is_sorted(told.begin(), told.end()));
  CHECK(c.store().pending_bytes() == 0);
  CHECK(c.store().load()->at(0).second.local_tail == 201);
  CHECK(c.read(one, 1, 201).entries.size() == 200);
}

TEMPLATE_TEST_CASE("storage contract: bytes_max is soft for the first entry only (one below, at, one above)", "",
                   rocksdb_subject, fault_subject) {
  contract<TestType> c;
  REQUIRE(c.commit(commit_of(one, 1, {std::string(100, 'a'), std::string(100, 'b'), std::string(100, 'c')})));
  const auto up_to = [&](std::uint64_t bytes_max) {
    const auto read = c.read({.segment = one, .from = 1, .to = 9, .bytes_max = bytes_max});
    return std::pair(read.entries.size(), read.next);
  };
  CHECK(up_to(0) == std::pair<std::size_t, offset_t>(1, 2));
  CHECK(up_to(199) == std::pair<std::size_t, offset_t>(1, 2));
  CHECK(up_to(200) == std::pair<std::size_t, offset_t>(2, 3));
  CHECK(up_to(201) == std::pair<std::size_t, offset_t>(2, 3));
  CHECK(up_to(300) == std::pair<std::size_t, offset_t>(3, 9));
}

TEMPLATE_TEST_CASE("storage contract: count_max, empty ranges and headers only", "", rocksdb_subject, fault_subject) {
  contract<TestType> c;
  const std::string large(wire::entry_header_bytes + 5000, 'h');
  REQUIRE(c.commit(commit_of(one, 1, {large, "short", large})));
  const auto two_of_them = c.read({.segment = one, .from = 1, .to = 9, .bytes_max = 1 << 20, .count_max = 2});
  CHECK(offsets_in(two_of_them) == offsets{1, 2});
  CHECK(two_of_them.next == 3);
  CHECK(c.read(one, 3, 3).next == 3);
  CHECK(c.read(one, 5, 3).next == 5);
  CHECK(c.read(one, 4, 8).next == 8);
  const auto headers = c.read({.segment = one, .from = 1, .to = 9, .bytes_max = 1 << 20, .headers_only = true});
  REQUIRE(offsets_in(headers) == offsets{1, 2, 3});
  CHECK(headers.entries[0].bytes.size() == wire::entry_header_bytes);
  CHECK(headers.entries[1].bytes.text() == "short");
}
