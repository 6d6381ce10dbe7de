#include "server_fixture.hpp"

#include "host/logserver/kind_check.hpp"

#include <catch2/catch.hpp>

#include <functional>

using namespace outsize;
using namespace outsize::test;

namespace {

constexpr wire::offset_t here = 1000; ///< of the entry that is looked at

/// An entry as a sequencer makes it: what its kind holds, behind a record header of three bytes where there is one.
struct shaped_entry {
  wire::entry_header facts;
  std::string body;
};

std::string text_of(const buffer &bytes) {
  return std::string(bytes.text());
}

shaped_entry shaped(wire::entry_kind kind, std::uint64_t set, std::uint64_t total_bytes, const std::string &payload) {
  shaped_entry made;
  made.facts.segment = segment;
  made.facts.offset = here;
  made.facts.generation = 1;
  made.facts.kind = kind;
  made.facts.set = set;
  made.facts.total_bytes = total_bytes;
  const bool has_record = kind == wire::entry_kind::commit || kind == wire::entry_kind::reference;
  made.facts.record_header_bytes = has_record ? 3 : 0;
  made.body = (has_record ? "\x01\x02\x03" : "") + payload;
  return made;
}

wire::split_record good_split() {
  return {10, 14, 3, 100, 250, {}};
}
wire::spilled_record good_spill() {
  return {"archive", "7/2/1", 250, {}, 100, {}};
}

shaped_entry a_fragment(std::uint32_t index = 0, std::size_t bytes = 100, std::uint64_t total_bytes = 250) {
  shaped_entry made = shaped(wire::entry_kind::fragment, 5, total_bytes, std::string(bytes, 'f'));
  made.facts.fragment_index = index;
  return made;
}
shaped_entry a_commit(const wire::split_record &split = good_split(), std::uint64_t total_bytes = 250) {
  return shaped(wire::entry_kind::commit, 5, total_bytes, text_of(wire::encode_split_record(split)));
}
shaped_entry a_reference(const wire::spilled_record &spilled = good_spill(), std::uint64_t total_bytes = 250) {
  return shaped(wire::entry_kind::reference, 0, total_bytes, text_of(wire::encode_spilled_record(spilled)));
}
shaped_entry an_abort(const wire::aborted_set &aborted = {3, 300, "the client went away"}) {
  return shaped(wire::entry_kind::abort, 5, 0, text_of(wire::encode_aborted_set(aborted)));
}

shaped_entry changed(shaped_entry made, const std::function<void(shaped_entry &)> &change) {
  change(made);
  return made;
}

/// The log server's answer to a store of this entry alone; nothing when it is taken.
std::optional<wire::refusal> refusal_of(const shaped_entry &shape) {
  server_fixture f;
  f.release(here);
  made_store store = make_store({make_entry(shape.facts, shape.body)});
  store.message.global_tail = here;
  const auto answer = f.send(store);
  f.disk.settle();
  REQUIRE(answer->has_value());
  CHECK(f.disk.durable_offsets(segment).empty() == (*answer)->refused.has_value());
  return (*answer)->refused;
}

void check_taken(const shaped_entry &shape) {
  const auto refused = refusal_of(shape);
  CAPTURE(refused ? refused->text : "");
  CHECK(!refused.has_value());
}

void check_refused(const shaped_entry &shape, const std::string &why) {
  const auto refused = refusal_of(shape);
  REQUIRE(refused.has_value());
  CHECK(refused->why == code::malformed);
  CHECK(refused->at == wire::stage::storage);
  CHECK(refused->text.find("a store to log 7 segment 2: the entry for 1000: " + why) == 0);
}

} // namespace

TEST_CASE("kinds: what a sequencer makes is taken") {
  check_taken(a_fragment());
  check_taken(a_fragment(2, 50));
  check_taken(a_commit());
  check_taken(a_reference());
  check_taken(an_abort());
  check_taken(an_abort({0, 0, ""}));
  check_taken(shaped(wire::entry_kind::filler, 0, 0, ""));
  check_taken(shaped(wire::entry_kind::data, 0, 0, "any bytes"));
}

TEST_CASE("kinds: a fragment belongs to a set and has no record header") {
  check_refused(changed(a_fragment(), [](auto &e) { e.facts.set = 0; }), "a fragment of set 0");
  check_refused(changed(a_fragment(), [](auto &e) { e.facts.record_header_bytes = 1; }),
                "a fragment with a record header of 1 bytes");
}

TEST_CASE("kinds: the index of a fragment is below the most that a set has (one below, at, one above)") {
  check_taken(a_fragment(wire::fragments_max - 1));
  check_refused(a_fragment(wire::fragments_max), "fragment 65536, and a set has at most 65536");
  check_refused(a_fragment(wire::fragments_max + 1), "fragment 65537, and a set has at most 65536");
}

TEST_CASE("kinds: a fragment holds some bytes and no more than its record has (one below, at, one above)") {
  check_refused(a_fragment(0, 0), "a fragment of 0 bytes of a record of 250");
  check_taken(a_fragment(0, 1));
  check_taken(a_fragment(0, 249));
  check_taken(a_fragment(0, 250));
  check_refused(a_fragment(0, 251), "a fragment of 251 bytes of a record of 250");
}

TEST_CASE("kinds: a commit describes fragments that lie before it") {
  check_refused(changed(a_commit(), [](auto &e) { e.facts.set = 0; }), "a commit of set 0");
  check_refused(changed(a_commit(), [](auto &e) { e.body.pop_back(); }), "commit entry: ");
  check_refused(changed(a_commit(), [](auto &e) { e.body.resize(3); }), "commit entry: ");
  check_refused(changed(a_commit(), [](auto &e) { e.body += 'x'; }), "commit entry: ");
  check_refused(changed(a_commit(), [](auto &e) { e.body = e.body.substr(0, 3) + std::string(1 << 20, '\x86'); }),
                "commit entry: ");
  check_refused(a_commit({10, 14, 4, 100, 250, {}}), "commit entry: 250 bytes in 4 fragments of 100");
  check_refused(a_commit(good_split(), 249), "its header says 249 bytes of payload, its body 250");
  check_refused(a_commit(good_split(), 251), "its header says 251 bytes of payload, its body 250");
}

TEST_CASE("kinds: a commit lies behind its last fragment (one below, at, one above)") {
  wire::split_record split = good_split();
  split.last = here - 1;
  check_taken(a_commit(split));
  split.last = here;
  check_refused(a_commit(split), "a commit whose last fragment is at 1000");
  split.last = here + 1;
  check_refused(a_commit(split), "a commit whose last fragment is at 1001");
}

TEST_CASE("kinds: a reference names a blob, and its size twice the same") {
  check_refused(changed(a_reference(), [](auto &e) { e.body.pop_back(); }), "reference entry: ");
  check_refused(a_reference({"", "key", 250, {}, 100, {}}), "reference entry: ");
  check_refused(a_reference(good_spill(), 249), "its header says 249 bytes of payload, its body 250");
}

TEST_CASE("kinds: an abort says what was given up, and nothing else") {
  check_refused(changed(an_abort(), [](auto &e) { e.facts.set = 0; }), "an abort of set 0");
  check_refused(changed(an_abort(), [](auto &e) { e.facts.record_header_bytes = 2; }),
                "an abort with a record header of 2 bytes");
  check_refused(changed(an_abort(), [](auto &e) { e.body.clear(); }), "abort entry: ");
}

TEST_CASE("kinds: one malformed entry refuses its whole store, and its neighbours can be sent without it") {
  server_fixture f;
  const auto good = make_entry(segment, 1, "good");
  const auto bad = make_fragment(segment, 2, 0, 0, "of no set");
  const auto refused = f.send(make_store({good, bad}));
  f.disk.settle();
  CHECK(outcome_of(refused) == code::malformed);
  CHECK(f.disk.durable_offsets(segment).empty());
  const auto taken = f.send(make_store({good}));
  f.disk.settle();
  CHECK(outcome_of(taken) == code::ok);
}
