#include "server_fixture.hpp"

#include <catch2/catch.hpp>

using namespace outsize;
using namespace outsize::test;
using offsets = std::vector<wire::offset_t>;
using indices = std::vector<std::uint32_t>;

namespace {

constexpr std::uint64_t any_bytes = 1 << 20;
constexpr std::uint64_t the_set = 5;
constexpr std::uint32_t to_the_end = wire::fragments_max;

std::string bytes_of(std::uint32_t index) {
  return "fragment " + std::to_string(index);
}

/// The bytes of an entry whose index has one digit.
const std::uint64_t entry_bytes = wire::entry_header_bytes + bytes_of(0).size();

made_entry fragment(wire::offset_t offset, std::uint32_t index, std::uint64_t of_set = the_set) {
  return make_fragment(segment, offset, of_set, index, bytes_of(index));
}

/// A server that stores entries one behind the other, from offset 1 on.
class set_fixture : public server_fixture {
public:
  using server_fixture::server_fixture;

  void store(const std::vector<made_entry> &entries, wire::offset_t global_tail = 0, std::uint8_t flags = 0) {
    made_store made = make_store(entries);
    made.message.global_tail = global_tail;
    made.message.flags = flags;
    const auto answer = send(made);
    disk.settle();
    REQUIRE(outcome_of(answer) == code::ok);
  }
  /// Fragments [0, count) side by side, committed.
  void store_set(std::uint32_t count) {
    std::vector<made_entry> entries;
    for (std::uint32_t index = 0; index < count; ++index) {
      entries.push_back(fragment(1 + index, index));
    }
    store(entries);
    release(1 + count);
  }
  /// Fragments [0, count), each behind an entry of somebody else; committed.
  void store_set_among_others(std::uint32_t count) {
    std::vector<made_entry> entries;
    for (std::uint32_t index = 0; index < count; ++index) {
      entries.push_back(make_entry(segment, 1 + 2 * index, "somebody else's"));
      entries.push_back(fragment(2 + 2 * index, index));
    }
    store(entries);
    release(1 + 2 * count);
  }
  wire::set_fetched fetched(const wire::fetch_set &message) {
    const auto outcome = fetch_set(message);
    REQUIRE(outcome->has_value());
    REQUIRE((*outcome)->answer.has_value());
    CHECK(server->memory_bytes() == 0);
    check_payload(*(*outcome)->answer, (*outcome)->payload);
    return *(*outcome)->answer;
  }

private:
  /// The payload has the fragments' bytes, one behind the other.
  static void check_payload(const wire::set_fetched &answer, const rope &payload) {
    std::string expected;
    for (const buffer &raw : answer.entry_headers) {
      expected += bytes_of(wire::decode_entry_header(raw.span())->fragment_index);
    }
    CHECK(payload.flatten().text() == expected);
    CHECK(answer.segment == segment);
  }
};

indices indices_of(const wire::set_fetched &answer) {
  indices found;
  for (const buffer &raw : answer.entry_headers) {
    found.push_back(wire::decode_entry_header(raw.span())->fragment_index);
  }
  return found;
}

} // namespace

TEST_CASE("fetch set: fragments come whole and by index, side by side or among other entries") {
  set_fixture f;
  const bool among_others = GENERATE(false, true);
  if (among_others) {
    f.store_set_among_others(4);
  } else {
    f.store_set(4);
  }
  const auto answer = f.fetched({.set = the_set, .from = 1, .to = 3, .bytes_max = any_bytes});
  CHECK(indices_of(answer) == indices{1, 2});
  CHECK(answer.next == 3);
  CHECK(answer.state.local_tail == (among_others ? 9 : 5));
  CHECK(answer.corrupt.empty());
  CHECK(indices_of(f.fetched({.set = the_set, .from = 0, .to = to_the_end, .bytes_max = any_bytes})) ==
        indices{0, 1, 2, 3});
  CHECK(f.damaged.empty());
}

TEST_CASE("fetch set: the order of indices counts, not that of offsets") {
  set_fixture f;
  f.store({fragment(1, 2), fragment(2, 0), fragment(3, 1)});
  f.release(4);
  CHECK(indices_of(f.fetched({.set = the_set, .from = 0, .to = to_the_end, .bytes_max = any_bytes})) ==
        indices{0, 1, 2});
}

TEST_CASE("fetch set: below the larger of both global tails only (one below, at, one above)") {
  set_fixture f;
  f.store({fragment(1, 0), fragment(2, 1), fragment(3, 2)});
  f.release(2);
  const auto with_tail = [&](wire::offset_t tail) {
    return f.fetched({.set = the_set, .from = 0, .to = to_the_end, .bytes_max = any_bytes, .global_tail = tail});
  };
  CHECK(indices_of(with_tail(0)) == indices{0});
  CHECK(with_tail(0).next == 1); // there is more, for later
  CHECK(indices_of(with_tail(2)) == indices{0});
  CHECK(indices_of(with_tail(3)) == indices{0, 1});
  CHECK(with_tail(3).next == 2);
  CHECK(indices_of(with_tail(4)) == indices{0, 1, 2});
  CHECK(with_tail(4).next == to_the_end);
}

TEST_CASE("fetch set: nothing to serve goes nowhere (unknown segment, unknown set, empty range)") {
  set_fixture f;
  CHECK(f.fetched({.set = the_set, .from = 2, .to = 9, .bytes_max = any_bytes, .global_tail = 100}).next == 9);
  CHECK(f.server->segments().empty());
  f.store_set(3);
  CHECK(f.fetched({.set = the_set + 1, .from = 2, .to = 9, .bytes_max = any_bytes}).next == 9);
  CHECK(f.fetched({.set = the_set, .from = 3, .to = 9, .bytes_max = any_bytes}).next == 9);
  CHECK(f.fetched({.set = the_set, .from = 1, .to = 1, .bytes_max = any_bytes}).next == 1);
  CHECK(f.fetched({.set = the_set, .from = 2, .to = 1, .bytes_max = any_bytes}).next == 2);
}

TEST_CASE("fetch set: the run ends at the first one that is not here, and the next one begins behind it") {
  set_fixture f;
  f.store({fragment(1, 0), fragment(2, 1)});
  f.store({fragment(4, 3), fragment(5, 4)}, 4); // offset 3 was missed
  const auto first = f.fetched({.set = the_set, .from = 0, .to = 5, .bytes_max = any_bytes, .global_tail = 6});
  CHECK(indices_of(first) == indices{0, 1});
  CHECK(first.next == 3);
  const auto missing = f.fetched({.set = the_set, .from = 2, .to = 5, .bytes_max = any_bytes, .global_tail = 6});
  CHECK(indices_of(missing) == indices{3, 4});
  CHECK(missing.next == 5);
  CHECK(f.damaged.empty());
}

TEST_CASE("fetch set: bytes_max is soft for the first fragment only (one below, at, one above)") {
  set_fixture f;
  const bool among_others = GENERATE(false, true);
  if (among_others) {
    f.store_set_among_others(5);
  } else {
    f.store_set(5);
  }
  const auto next_with = [&](std::uint64_t bytes_max) {
    return f.fetched({.set = the_set, .from = 1, .to = 5, .bytes_max = bytes_max}).next;
  };
  CHECK(next_with(0) == 2);
  CHECK(next_with(entry_bytes - 1) == 2);
  CHECK(next_with(entry_bytes + 1) == 2);
  CHECK(next_with(3 * entry_bytes - 1) == 3);
  CHECK(next_with(3 * entry_bytes) == 4);
  CHECK(next_with(3 * entry_bytes + 1) == 4);
  CHECK(next_with(4 * entry_bytes) == 5);
}

TEST_CASE("fetch set: a fragment larger than the one before it does not slip in above bytes_max") {
  set_fixture f;
  f.store({fragment(1, 0), make_entry(segment, 2, "somebody else's"),
           make_fragment(segment, 3, the_set, 1, std::string(1000, 'x'))});
  f.release(4);
  const auto answer = f.fetched({.set = the_set, .from = 0, .to = 2, .bytes_max = entry_bytes + 1119});
  CHECK(indices_of(answer) == indices{0});
  CHECK(answer.next == 1);
}

TEST_CASE("fetch set: damaged fragments are named, left out and reported, never served") {
  set_fixture f;
  f.store_set(6);
  f.disk.flip_bit(segment, 1, 8 * wire::entry_header_bytes); // index 0
  f.disk.flip_bit(segment, 2, 40);
  f.disk.make_unreadable(segment, 3);
  const auto answer = f.fetched({.set = the_set, .from = 0, .to = 6, .bytes_max = any_bytes});
  CHECK(answer.corrupt == offsets{1, 2, 3});
  CHECK(indices_of(answer) == indices{3, 4, 5});
  CHECK(answer.next == 6);
  CHECK(f.damaged == offsets{1, 2, 3});
  CHECK(f.server->times_damaged() == 3);
}

TEST_CASE("fetch set: a damaged fragment ends the run like one that is not here, and is named") {
  set_fixture f;
  f.store_set(4);
  f.disk.make_unreadable(segment, 2);
  const auto answer = f.fetched({.set = the_set, .from = 0, .to = 4, .bytes_max = any_bytes});
  CHECK(indices_of(answer) == indices{0});
  CHECK(answer.corrupt == offsets{2});
  CHECK(answer.next == 2);
}

TEST_CASE("fetch set: no more damaged ones in one answer than it has room for (15, 16, 17)") {
  const std::uint32_t broken = GENERATE(15, 16, 17);
  set_fixture f;
  f.store_set(30);
  for (wire::offset_t offset = 1; offset <= broken; ++offset) {
    f.disk.make_unreadable(segment, offset);
  }
  const auto answer = f.fetched({.set = the_set, .from = 0, .to = 30, .bytes_max = any_bytes});
  CHECK(answer.corrupt.size() == std::min<std::size_t>(broken, wire::fetched_corrupt_max));
  CHECK(answer.next == (broken > wire::fetched_corrupt_max ? 16 : 30));
}

TEST_CASE(
    "fetch set: what is intact but not that fragment is never served (another index, another set, another kind)") {
  set_fixture f;
  f.store({fragment(1, 0), fragment(2, 1), fragment(3, 0, the_set + 1), make_entry(segment, 4, "a whole record")});
  f.release(5);
  const wire::offset_t elsewhere = GENERATE(2, 3, 4);
  REQUIRE(f.disk.misplace(segment, the_set, 0, elsewhere));
  const auto answer = f.fetched({.set = the_set, .from = 0, .to = 1, .bytes_max = any_bytes});
  CHECK(answer.entry_headers.empty());
  CHECK(answer.corrupt == offsets{elsewhere});
  CHECK(answer.next == 1);
}

TEST_CASE("fetch set: a lost fragment is reported, and passed over like one that was never here") {
  set_fixture f;
  f.store_set(4);
  f.disk.lose(segment, 1);
  f.disk.lose(segment, 3);
  const auto answer = f.fetched({.set = the_set, .from = 0, .to = 4, .bytes_max = any_bytes});
  CHECK(indices_of(answer) == indices{1});
  CHECK(answer.next == 3);
  CHECK(answer.corrupt.empty());
  CHECK(f.damaged == offsets{1, 3});
}

TEST_CASE("fetch set: what was trimmed is not served") {
  set_fixture f;
  f.store_set(4);
  made_store more = make_store({fragment(5, 4)});
  more.message.global_tail = 5;
  more.message.trim_point = 2;
  f.send(more);
  f.disk.settle();
  const auto answer = f.fetched({.set = the_set, .from = 0, .to = 4, .bytes_max = any_bytes});
  CHECK(indices_of(answer) == indices{2, 3});
  CHECK(f.damaged.empty());
}

TEST_CASE("fetch set: a disk that cannot be read is an error, not an absence") {
  set_fixture f;
  f.store_set(3);
  f.disk.set_read_failure(true);
  const auto at_once = f.fetch_set({.set = the_set, .from = 0, .to = 3, .bytes_max = any_bytes});
  REQUIRE(at_once->has_value());
  CHECK((*at_once)->answer.error().code == code::storage_failed);
  CHECK(f.server->memory_bytes() == 0);

  f.disk.set_read_failure(false);
  f.disk.hold_reads(true);
  const auto on_the_way = f.fetch_set({.set = the_set, .from = 0, .to = 3, .bytes_max = any_bytes});
  f.disk.finish_reads(1); // the places are found
  f.disk.settle();
  f.disk.set_read_failure(true);
  f.disk.finish_reads(1);
  f.disk.settle();
  REQUIRE(on_the_way->has_value());
  CHECK((*on_the_way)->answer.error().code == code::storage_failed);
  CHECK(f.server->memory_bytes() == 0);
}

TEST_CASE("fetch set: reads share the memory budget until they are answered, one is always let in") {
  set_fixture f(4000);
  f.store_set(3);
  f.disk.hold_reads(true);
  const wire::fetch_set message{.set = the_set, .from = 0, .to = 3, .bytes_max = any_bytes};
  std::vector<pending<set_outcome>> let_in;
  for (int at = 0; at < 4; ++at) { // each is cut to a quarter of the budget
    let_in.push_back(f.fetch_set(message));
    CHECK(!let_in.back()->has_value());
  }
  const auto refused = f.fetch_set(message);
  REQUIRE(refused->has_value());
  CHECK((*refused)->answer.error().code == code::overloaded);
  f.disk.finish_reads(4); // the places are found, the entries are being read
  f.disk.settle();
  CHECK(f.server->memory_bytes() == 4000);
  f.disk.finish_reads();
  f.disk.settle();
  CHECK((*let_in.back())->answer.has_value());
  CHECK(f.server->memory_bytes() == 0);
}

TEST_CASE("fetch set: one answer has as many fragments as one part has headers for (one below, at, one above)") {
  constexpr std::uint32_t most = wire::part_bytes_max / (wire::entry_header_bytes + wire::per_entry_bytes);
  set_fixture f(64 << 20);
  f.store_set(most + 1);
  const auto up_to = [&](std::uint32_t to) {
    const auto answer = f.fetched({.set = the_set, .from = 0, .to = to, .bytes_max = 16 << 20});
    return std::pair(answer.entry_headers.size(), answer.next);
  };
  CHECK(up_to(most - 1) == std::pair<std::size_t, std::uint32_t>(most - 1, most - 1));
  CHECK(up_to(most) == std::pair<std::size_t, std::uint32_t>(most, most));
  CHECK(up_to(most + 1) == std::pair<std::size_t, std::uint32_t>(most, most));
}

TEST_CASE("fetch set: a fragment that came by repair or by catching up is found") {
  const auto flags = GENERATE(wire::store_is_repair, wire::store_is_catch_up);
  set_fixture f;
  f.store({fragment(1, 0)});
  f.store({fragment(3, 2)}, 3); // offset 2 was missed
  f.store({fragment(2, 1)}, 4, flags);
  CHECK(indices_of(f.fetched({.set = the_set, .from = 0, .to = 3, .bytes_max = any_bytes, .global_tail = 4})) ==
        indices{0, 1, 2});
}

TEST_CASE("fetch set: a mended fragment has its row again") {
  set_fixture f;
  f.store_set(2);
  f.disk.make_unreadable(segment, 2);
  REQUIRE(f.disk.misplace(segment, the_set, 1, 1));
  f.store({fragment(2, 1)}, 3, wire::store_is_repair);
  const auto answer = f.fetched({.set = the_set, .from = 0, .to = 2, .bytes_max = any_bytes});
  CHECK(indices_of(answer) == indices{0, 1});
  CHECK(answer.corrupt.empty());
}

TEST_CASE("fetch set: what was in flight when the machine died is there with its row, or not at all") {
  const std::size_t survivors = GENERATE(0, 1, 2);
  set_fixture f;
  f.store({fragment(1, 0)});
  f.disk.hold_commits(true);
  f.send(make_store({fragment(2, 1)}));
  f.send(make_store({fragment(3, 2)}));
  f.restart(survivors);
  const auto answer = f.fetched({.set = the_set, .from = 0, .to = 3, .bytes_max = any_bytes, .global_tail = 4});
  CHECK(answer.entry_headers.size() == 1 + survivors);
  CHECK(answer.next == 3);
  CHECK(f.damaged.empty());
}

TEST_CASE("fetch for readers: fragments come as headers, everything else whole") {
  set_fixture f;
  f.store({make_entry(segment, 1, "one"), fragment(2, 0), fragment(3, 1), make_entry(segment, 4, "four")});
  f.release(5);
  wire::fetch message{.from = 1, .to = 5, .bytes_max = any_bytes};
  const auto whole = f.fetch(message);
  CHECK((*whole)->payload.flatten().text() == "one" + bytes_of(0) + bytes_of(1) + "four");
  message.flags = wire::fetch_for_readers;
  const auto skipping = f.fetch(message);
  CHECK(offsets_of((*skipping)->answer->entry_headers) == offsets{1, 2, 3, 4});
  CHECK((*skipping)->payload.flatten().text() == "onefour");
  CHECK((*skipping)->answer->next == 5);
}

TEST_CASE("fetch for readers: of a fragment only the header is read, and only that can be damaged") {
  set_fixture f;
  f.store({fragment(1, 0), fragment(2, 1), fragment(3, 2), make_entry(segment, 4, "four")});
  f.release(5);
  f.disk.flip_bit(segment, 1, 8 * wire::entry_header_bytes);
  f.disk.flip_bit(segment, 2, 8 * 60);
  f.disk.make_unreadable(segment, 3);
  f.disk.flip_bit(segment, 4, 8 * wire::entry_header_bytes);
  const auto outcome = f.fetch({.from = 1, .to = 5, .bytes_max = any_bytes, .flags = wire::fetch_for_readers});
  CHECK(offsets_of((*outcome)->answer->entry_headers) == offsets{1});
  CHECK((*outcome)->answer->corrupt == offsets{2, 3, 4});
  CHECK((*outcome)->payload.empty());
}

TEST_CASE("fetch for readers: only the headers of fragments count as bytes (one below, at, one above)") {
  set_fixture f;
  f.store(
      {make_fragment(segment, 1, the_set, 0, std::string(5000, 'x')), fragment(2, 1), make_entry(segment, 3, "three")});
  f.release(4);
  const std::uint64_t whole = 3 * wire::entry_header_bytes + 5;
  const auto next_with = [&](std::uint64_t bytes_max) {
    const auto outcome = f.fetch({.from = 1, .to = 4, .bytes_max = bytes_max, .flags = wire::fetch_for_readers});
    return (*outcome)->answer->next;
  };
  CHECK(next_with(whole - 1) == 3);
  CHECK(next_with(whole) == 4);
  CHECK(next_with(whole + 1) == 4);
}
