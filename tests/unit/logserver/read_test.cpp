#include "server_fixture.hpp"

#include <catch2/catch.hpp>

using namespace outsize;
using namespace outsize::test;
using offsets = std::vector<wire::offset_t>;

namespace {

constexpr std::uint64_t plenty = 1 << 20;

wire::fetched fetched_by(server_fixture &f, const wire::fetch &message) {
  const auto outcome = f.fetch(message);
  REQUIRE(outcome->has_value());
  REQUIRE((*outcome)->answer.has_value());
  return *(*outcome)->answer;
}

} // namespace

TEST_CASE("fetch: entries come whole and in order, their bytes in the payload") {
  server_fixture f;
  f.send(1, 4, 4);
  f.release(4);
  const auto outcome = f.fetch({.from = 2, .to = 4, .bytes_max = plenty});
  REQUIRE(outcome->has_value());
  const auto &answer = *(*outcome)->answer;
  CHECK(offsets_of(answer.entry_headers) == offsets{2, 3});
  CHECK((*outcome)->payload.flatten().text() == payload_at(2) + payload_at(3));
  CHECK(answer.next == 4);
  CHECK(answer.state.local_tail == 4);
  CHECK(answer.corrupt.empty());
}

TEST_CASE("fetch: below the larger of both global tails, everything with fetch_beyond_tail") {
  server_fixture f;
  f.send(1, 9, 3);
  CHECK(fetched_by(f, {.from = 1, .to = 100, .bytes_max = plenty}).next == 3);
  const auto asker = fetched_by(f, {.from = 1, .to = 100, .bytes_max = plenty, .global_tail = 5});
  CHECK(offsets_of(asker.entry_headers) == offsets{1, 2, 3, 4});
  CHECK(asker.next == 5);
  const auto beyond = fetched_by(f, {.from = 7, .to = 100, .bytes_max = plenty, .flags = wire::fetch_beyond_tail});
  CHECK(offsets_of(beyond.entry_headers) == offsets{7, 8});
  CHECK(beyond.next == 9);
}

TEST_CASE("fetch: what lies below the global tail and is not here is passed over") {
  server_fixture f;
  f.send(1, 3);
  f.send(6, 8, 6);
  const auto around = fetched_by(f, {.from = 2, .to = 7, .bytes_max = plenty, .global_tail = 20});
  CHECK(offsets_of(around.entry_headers) == offsets{2, 6});
  CHECK(around.next == 7);
  const auto behind = fetched_by(f, {.from = 8, .to = 15, .bytes_max = plenty, .global_tail = 20});
  CHECK(behind.entry_headers.empty());
  CHECK(behind.next == 15);
  CHECK(f.damaged.empty());
}

TEST_CASE("fetch: nothing to serve goes nowhere (from at the tail, empty range, unknown segment)") {
  server_fixture f;
  CHECK(fetched_by(f, {.from = 1, .to = 5, .bytes_max = plenty, .global_tail = 3}).next == 3);
  CHECK(f.server->segments().empty());
  f.send(1, 3, 3);
  f.release(3);
  CHECK(fetched_by(f, {.from = 3, .to = 9, .bytes_max = plenty}).next == 3);
  CHECK(fetched_by(f, {.from = 2, .to = 2, .bytes_max = plenty}).next == 2);
  CHECK(fetched_by(f, {.from = 2, .to = 1, .bytes_max = plenty}).next == 2);
}

TEST_CASE("fetch: bounded by count and by bytes, but one entry always comes") {
  server_fixture f;
  f.send(1, 6, 6);
  f.release(6);
  CHECK(fetched_by(f, {.from = 1, .to = 6, .count_max = 2, .bytes_max = plenty}).next == 3);
  const auto one = fetched_by(f, {.from = 1, .to = 6, .bytes_max = 0});
  CHECK(offsets_of(one.entry_headers) == offsets{1});
  CHECK(one.next == 2);
  const std::uint64_t entry_bytes = wire::entry_header_bytes + payload_at(1).size();
  CHECK(fetched_by(f, {.from = 1, .to = 6, .bytes_max = 2 * entry_bytes - 1}).next == 2);
  CHECK(fetched_by(f, {.from = 1, .to = 6, .bytes_max = 2 * entry_bytes}).next == 3);
  CHECK(fetched_by(f, {.from = 1, .to = 6, .bytes_max = 2 * entry_bytes + 1}).next == 3);
}

TEST_CASE("fetch: damaged entries are named, left out and reported, never served") {
  server_fixture f;
  f.send(1, 6, 6);
  f.release(6);
  f.disk.flip_bit(segment, 2, 8 * wire::entry_header_bytes);
  f.disk.flip_bit(segment, 3, 40);
  f.disk.make_unreadable(segment, 4);
  const auto answer = fetched_by(f, {.from = 1, .to = 6, .bytes_max = plenty});
  CHECK(offsets_of(answer.entry_headers) == offsets{1, 5});
  CHECK(answer.corrupt == offsets{2, 3, 4});
  CHECK(answer.next == 6);
  CHECK(f.damaged == offsets{2, 3, 4});
}

TEST_CASE("fetch: an entry of another offset is damage, however intact (misdirected write)") {
  server_fixture f;
  f.send(1, 3, 3);
  host::commit misdirected{segment, {}, f.durable_row()};
  const auto other = make_entry(segment, 1, payload_at(1));
  rope bytes(other.header);
  bytes.append(other.body);
  misdirected.entries.push_back({2, bytes});
  f.disk.submit(misdirected, [](const result<void> &) {});
  f.disk.settle();
  CHECK(fetched_by(f, {.from = 1, .to = 3, .bytes_max = plenty, .global_tail = 3}).corrupt == offsets{2});
}

TEST_CASE("fetch: a lost entry is reported, and passed over like one that was never here") {
  server_fixture f;
  f.send(1, 5, 5);
  f.disk.lose(segment, 2);
  f.disk.lose(segment, 4);
  const auto answer = fetched_by(f, {.from = 1, .to = 5, .bytes_max = plenty, .global_tail = 5});
  CHECK(offsets_of(answer.entry_headers) == offsets{1, 3});
  CHECK(answer.next == 5);
  CHECK(f.damaged == offsets{2, 4});
}

TEST_CASE("fetch: no more damaged entries in one answer than it has room for (15, 16, 17)") {
  const wire::offset_t broken = GENERATE(15, 16, 17);
  server_fixture f;
  f.send(1, 30, 30);
  for (wire::offset_t offset = 1; offset <= broken; ++offset) {
    f.disk.make_unreadable(segment, offset);
  }
  const auto answer = fetched_by(f, {.from = 1, .to = 30, .bytes_max = plenty, .global_tail = 30});
  CHECK(answer.corrupt.size() == std::min<std::size_t>(broken, wire::fetched_corrupt_max));
  CHECK(answer.next == (broken > wire::fetched_corrupt_max ? 17 : 30));
}

TEST_CASE("fetch: a disk that cannot be read is an error, not an absence") {
  server_fixture f;
  f.send(1, 3, 3);
  f.disk.set_read_failure(true);
  const auto outcome = f.fetch({.from = 1, .to = 3, .bytes_max = plenty, .global_tail = 3});
  REQUIRE(outcome->has_value());
  REQUIRE(!(*outcome)->answer.has_value());
  CHECK((*outcome)->answer.error().code == code::storage_failed);
  CHECK(f.server->memory_bytes() == 0);
}

TEST_CASE("fetch: reads share the memory budget, one is always let in") {
  server_fixture f(4000);
  f.send(1, 3, 3);
  f.disk.hold_reads(true);
  const wire::fetch message{.from = 1, .to = 3, .bytes_max = plenty, .global_tail = 3};
  std::vector<pending<fetch_outcome>> let_in;
  for (int at = 0; at < 4; ++at) { // each is cut to a quarter of the budget
    let_in.push_back(f.fetch(message));
    CHECK(!let_in.back()->has_value());
  }
  const auto refused = f.fetch(message);
  REQUIRE(refused->has_value());
  CHECK((*refused)->answer.error().code == code::overloaded);
  f.disk.finish_reads();
  f.disk.settle();
  CHECK((*let_in.back())->answer.has_value());
  CHECK(f.server->memory_bytes() == 0);
}

TEST_CASE("list entries: headers of what is durable, whatever the global tail, damaged headers left out") {
  server_fixture f;
  f.send(1, 3);
  f.send(5, 7, 5);
  f.disk.hold_commits(true);
  f.send(7, 9);
  const auto all = f.list(1, UINT64_MAX);
  REQUIRE(all->has_value());
  CHECK(offsets_of((*all)->entry_headers) == offsets{1, 2, 5, 6});
  CHECK((*all)->next == 7);
  const auto two = f.list(2, UINT64_MAX, 2);
  CHECK(offsets_of((*two)->entry_headers) == offsets{2, 5});
  CHECK((*two)->next == 6);
  f.disk.flip_bit(segment, 5, 60);
  CHECK(offsets_of((*f.list(2, 7))->entry_headers) == offsets{2, 6});
  CHECK((*f.list(9, 20))->next == 9);
}

TEST_CASE("list entries: one listing takes no more than its share of the memory budget") {
  constexpr std::uint64_t budget = 16 * wire::entry_header_bytes;
  server_fixture f(budget);
  for (wire::offset_t at = 1; at < 9; ++at) {
    f.send(at, at + 1);
  }
  f.disk.hold_reads(true);
  const auto listing = f.list(1, UINT64_MAX, 512);
  CHECK(f.server->memory_bytes() == budget / 4);
  f.disk.finish_reads();
  f.disk.settle();
  REQUIRE(listing->has_value());
  CHECK(offsets_of((*listing)->entry_headers) == offsets{1, 2, 3, 4});
  CHECK((*listing)->next == 5); // where the next one goes on
}
