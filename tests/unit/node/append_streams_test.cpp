#include "fake_route.hpp"

#include "host/node/append_streams.hpp"

#include <outsize/wire/codec.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <memory>

using namespace outsize;
using namespace outsize::host;
using namespace outsize::test;
using namespace std::chrono_literals;

namespace {

constexpr wire::link_id client_link = 7;
constexpr wire::link_id other_link = 8;

rope bytes_of(std::uint64_t count) {
  writable_buffer made(count);
  std::fill(made.data(), made.data() + count, std::uint8_t{'x'});
  return rope(std::move(made).freeze());
}

struct fixture {
  fake_sequencer sequencer;
  std::string relayed_to; ///< empty: the sequencer is here
  std::optional<error> no_route;
  time_point now{1h};
  append_streams streams;

  explicit fixture(append_streams::settings how = {})
      : streams(with_clock(std::move(how)), [this](const wire::open_append &) { return route(); }) {}

  append_streams::settings with_clock(append_streams::settings how) {
    how.node = "n1";
    how.now = [this] { return now; };
    return how;
  }
  result<std::shared_ptr<large_append_route>> route() {
    if (no_route) {
      return *no_route;
    }
    return std::shared_ptr<large_append_route>(std::make_shared<fake_route>(sequencer, relayed_to));
  }

  /// The answer; nothing when none came yet.
  std::optional<wire::append_opened> open(std::uint64_t payload_bytes, wire::link_id link = client_link) {
    const auto slot = std::make_shared<std::optional<wire::append_opened>>();
    wire::open_append what;
    what.log = "orders";
    what.payload_bytes = payload_bytes;
    streams.on_open(link, what, buffer::of_static("\x80"), [slot](wire::append_opened answer) { *slot = answer; });
    return *slot;
  }
  std::uint64_t opened(std::uint64_t payload_bytes, wire::link_id link = client_link) {
    const auto answer = open(payload_bytes, link);
    REQUIRE(answer.has_value());
    REQUIRE_FALSE(answer->outcome.has_value());
    return answer->stream;
  }

  using piece_answer = std::shared_ptr<std::optional<wire::piece_taken>>;
  piece_answer piece(std::uint64_t stream, std::uint32_t index, std::uint64_t bytes, wire::link_id link = client_link) {
    return piece(stream, index, bytes_of(bytes), wire::digest_of(bytes_of(bytes)), link);
  }
  piece_answer piece(std::uint64_t stream, std::uint32_t index, const rope &bytes, const wire::digest &content,
                     wire::link_id link = client_link) {
    const auto slot = std::make_shared<std::optional<wire::piece_taken>>();
    streams.on_piece(link, {stream, index, content}, bytes, [slot](wire::piece_taken answer) {
      REQUIRE_FALSE(slot->has_value());
      *slot = std::move(answer);
    });
    return slot;
  }

  using end_answer = std::shared_ptr<std::optional<wire::append_finished>>;
  end_answer finish(std::uint64_t stream, std::uint64_t payload_bytes, wire::link_id link = client_link) {
    rope whole(buffer::of_static("\x80"));
    whole.append(bytes_of(payload_bytes));
    return finish(stream, wire::digest_of(whole), link);
  }
  end_answer finish(std::uint64_t stream, const wire::digest &content, wire::link_id link) {
    const auto slot = std::make_shared<std::optional<wire::append_finished>>();
    streams.on_finish(link, {stream, content}, [slot](wire::append_finished answer) {
      REQUIRE_FALSE(slot->has_value());
      *slot = std::move(answer);
    });
    return slot;
  }
};

code why(const fixture::piece_answer &answer) {
  const bool has = answer->has_value() && (*answer)->outcome.has_value() && (*answer)->outcome->refused.has_value();
  return has ? (*answer)->outcome->refused->why : code::ok;
}
code why(const fixture::end_answer &answer) {
  return answer->has_value() && (*answer)->outcome.refused.has_value() ? (*answer)->outcome.refused->why : code::ok;
}
code why(const std::optional<wire::append_opened> &answer) {
  const bool has = answer.has_value() && answer->outcome.has_value() && answer->outcome->refused.has_value();
  return has ? answer->outcome->refused->why : code::ok;
}
bool was_taken(const fixture::piece_answer &answer) {
  return answer->has_value() && !(*answer)->outcome.has_value();
}

wire::append_result committed(wire::offset_t offset) {
  wire::append_result made;
  made.offset = offset;
  return made;
}

} // namespace

TEST_CASE("append streams: a record goes through piece by piece, and its outcome comes back") {
  fixture at;
  const auto opened = at.open(2500);
  REQUIRE(opened.has_value());
  CHECK(opened->piece_bytes == 1000);
  CHECK(opened->window_bytes == 3000);
  const std::uint64_t stream = opened->stream;
  const auto first = at.piece(stream, 0, 1000);
  const auto second = at.piece(stream, 1, 1000);
  const auto third = at.piece(stream, 2, 500);
  CHECK_FALSE(first->has_value());
  while (at.sequencer.take_piece(101)) {
  }
  CHECK(was_taken(first));
  CHECK(was_taken(second));
  CHECK(was_taken(third));
  const auto end = at.finish(stream, 2500);
  CHECK_FALSE(end->has_value());
  at.sequencer.finish(101, committed(42));
  REQUIRE(end->has_value());
  CHECK((*end)->outcome.offset == 42);
  CHECK(at.streams.in_flight() == 0);
  CHECK(at.sequencer.abandoned.empty());
}

TEST_CASE("append streams: an empty record has no pieces") {
  fixture at;
  const std::uint64_t stream = at.opened(0);
  const auto end = at.finish(stream, std::uint64_t{0});
  at.sequencer.finish(101, committed(1));
  CHECK((*end)->outcome.offset == 1);
}

TEST_CASE("append streams: a stream of another link is not open on this one") {
  fixture at;
  const std::uint64_t stream = at.opened(2500);
  const auto stolen = at.piece(stream, 0, 1000, other_link);
  REQUIRE(why(stolen) == code::not_found);
  CHECK((*stolen)->outcome->refused->text == "stream 1 is not open on this link");
  CHECK(why(at.finish(stream, 2500, other_link)) == code::not_found);
  at.streams.on_abandon(other_link, {stream});
  at.streams.on_link_down(other_link);
  CHECK(at.sequencer.abandoned.empty());
  at.piece(stream, 0, 1000);
  CHECK(at.sequencer.take_piece(101)); // its owner goes on
}

TEST_CASE("append streams: what was never opened is not open") {
  fixture at;
  CHECK(why(at.piece(1, 0, 1000)) == code::not_found);
  CHECK(why(at.piece(UINT64_MAX, 0, 1000)) == code::not_found);
  CHECK(why(at.finish(0, 1000)) == code::not_found);
  at.streams.on_abandon(client_link, {3});
}

TEST_CASE("append streams: pieces out of order end the append") {
  fixture at;
  const std::uint64_t stream = at.opened(5000);
  const auto first = at.piece(stream, 0, 1000);
  const std::uint32_t index = GENERATE(0u, 2u, UINT32_MAX);
  CHECK(why(at.piece(stream, index, 1000)) == code::malformed);
  CHECK(why(first) == code::malformed);
  CHECK(at.sequencer.abandoned == std::vector<std::uint64_t>{101});
  CHECK(why(at.piece(stream, 1, 1000)) == code::malformed); // told again why
  CHECK(at.streams.in_flight() == 0);
}

TEST_CASE("append streams: a piece is exactly as long as announced, the last one as long as the rest") {
  fixture at;
  const std::uint64_t bytes = GENERATE(0u, 999u, 1001u);
  const std::uint64_t stream = at.opened(2500);
  CHECK(why(at.piece(stream, 0, bytes)) == code::malformed);
  const std::uint64_t second = at.opened(1500);
  at.piece(second, 0, 1000);
  const std::uint64_t rest = GENERATE(499u, 501u, 1000u);
  CHECK(why(at.piece(second, 1, rest)) == code::malformed);
}

TEST_CASE("append streams: a piece behind the last one is refused, and the record is not") {
  fixture at;
  const std::uint64_t stream = at.opened(1000);
  at.piece(stream, 0, 1000);
  SECTION("before its end was said, it ends the append") {
    CHECK(why(at.piece(stream, 1, 1000)) == code::malformed);
    CHECK(at.sequencer.abandoned.size() == 1);
  }
  SECTION("after its end was said, the record goes on") {
    const auto end = at.finish(stream, 1000);
    CHECK(why(at.piece(stream, 1, 1000)) == code::malformed);
    CHECK(why(at.finish(stream, 1000)) == code::malformed);
    CHECK(at.streams.refuses(client_link, {stream, 1, {}}, 5000).has_value());
    at.streams.on_abandon(client_link, {stream});
    CHECK_FALSE(end->has_value());
    at.sequencer.finish(101, committed(5));
    CHECK((*end)->outcome.offset == 5);
  }
}

TEST_CASE("append streams: a record that ends too early is refused") {
  fixture at;
  const std::uint64_t stream = at.opened(2500);
  at.piece(stream, 0, 1000);
  CHECK(why(at.finish(stream, 1000)) == code::malformed);
  CHECK(at.sequencer.abandoned.size() == 1);
}

TEST_CASE("append streams: bytes that do not match their digest are the sequencer's to refuse") {
  fixture at;
  SECTION("a piece") {
    const std::uint64_t stream = at.opened(2500);
    CHECK(why(at.piece(stream, 0, bytes_of(1000), wire::digest{})) == code::checksum_mismatch);
    CHECK(at.streams.in_flight() == 0);
  }
  SECTION("the whole record") {
    const std::uint64_t stream = at.opened(1000);
    at.piece(stream, 0, 1000);
    CHECK(why(at.finish(stream, wire::digest{}, client_link)) == code::checksum_mismatch);
  }
}

TEST_CASE("append streams: pieces may be unanswered up to the window, not above it") {
  fixture at;
  const std::uint64_t stream = at.opened(10'000);
  at.piece(stream, 0, 1000);
  at.piece(stream, 1, 1000);
  CHECK_FALSE(at.piece(stream, 2, 1000)->has_value());
  SECTION("one more ends the append") {
    CHECK(why(at.piece(stream, 3, 1000)) == code::malformed);
  }
  SECTION("one that was taken makes room") {
    at.sequencer.take_piece(101);
    CHECK_FALSE(at.piece(stream, 3, 1000)->has_value());
  }
}

TEST_CASE("append streams: one piece may always be unanswered") {
  fixture at;
  at.sequencer.window_bytes = 1;
  const auto answer = at.open(5000);
  CHECK(answer->window_bytes == 1000);
  CHECK_FALSE(at.piece(answer->stream, 0, 1000)->has_value());
}

TEST_CASE("append streams: a large piece is judged before its bytes are taken") {
  fixture at;
  const std::uint64_t stream = at.opened(5000);
  CHECK_FALSE(at.streams.refuses(client_link, {stream, 0, {}}, 1000).has_value());
  CHECK(at.streams.refuses(other_link, {stream, 0, {}}, 1000)->refused->why == code::not_found);
  const auto no = at.streams.refuses(client_link, {stream, 0, {}}, 1001);
  REQUIRE(no.has_value());
  CHECK(no->refused->why == code::malformed);
  CHECK(no->refused->actual_bytes == 1001);
  CHECK(no->refused->limit_bytes == 1000);
  CHECK(at.sequencer.abandoned.size() == 1);
}

TEST_CASE("append streams: a refusal in the middle is told to everything that waits") {
  fixture at;
  const std::uint64_t stream = at.opened(5000);
  const auto first = at.piece(stream, 0, 1000);
  const auto second = at.piece(stream, 1, 1000);
  at.sequencer.refuse(101, code::log_recovering);
  CHECK(why(first) == code::log_recovering);
  CHECK(why(second) == code::log_recovering);
  CHECK(why(at.piece(stream, 2, 1000)) == code::log_recovering);
  CHECK(at.sequencer.abandoned.empty());
}

TEST_CASE("append streams: a client that is gone leaves nothing open") {
  fixture at;
  at.opened(5000);
  at.opened(5000, other_link);
  const std::uint64_t second = at.opened(1000);
  at.piece(second, 0, 1000);
  at.finish(second, 1000);
  at.streams.on_link_down(client_link);
  // What was finished goes on, as any append would.
  CHECK(at.sequencer.abandoned == std::vector<std::uint64_t>{101});
  CHECK(at.streams.in_flight() == 1);
  at.sequencer.finish(103, committed(1));
}

TEST_CASE("append streams: a client that is gone before its append was open leaves nothing open") {
  fixture at;
  at.sequencer.holds_opens = true;
  CHECK_FALSE(at.open(5000).has_value());
  at.streams.on_link_down(client_link);
  at.sequencer.held_opens.front()();
  CHECK(at.sequencer.abandoned == std::vector<std::uint64_t>{101});
  CHECK(at.streams.in_flight() == 0);
}

TEST_CASE("append streams: a client that gives up leaves nothing open") {
  fixture at;
  const std::uint64_t stream = at.opened(5000);
  at.streams.on_abandon(client_link, {stream});
  CHECK(at.sequencer.abandoned == std::vector<std::uint64_t>{101});
  CHECK(why(at.piece(stream, 0, 1000)) == code::cancelled);
}

TEST_CASE("append streams: a client that says nothing for 30 s loses its append (at, one below)") {
  fixture at;
  const std::uint64_t stream = at.opened(5000);
  at.now += 30s - 1ns;
  at.streams.on_time();
  CHECK(at.streams.in_flight() == 1);
  CHECK(at.streams.next_time() == at.now + 1ns);
  at.now += 1ns;
  at.streams.on_time();
  CHECK(at.streams.in_flight() == 0);
  CHECK(at.sequencer.abandoned.size() == 1);
  CHECK(why(at.piece(stream, 0, 1000)) == code::timed_out);
  CHECK(at.streams.next_time() == never);
}

TEST_CASE("append streams: a client that waits for an answer is not idle") {
  fixture at;
  const std::uint64_t stream = at.opened(2000);
  at.piece(stream, 0, 1000);
  at.now += 1h;
  at.streams.on_time();
  CHECK(at.streams.in_flight() == 1);
  at.sequencer.take_piece(101);
  CHECK(at.streams.next_time() == at.now + 30s); // from the answer on
  at.now += 29s;
  at.streams.on_time();
  at.piece(stream, 1, 1000);
  at.sequencer.take_piece(101);
  at.finish(stream, 2000);
  at.now += 1h;
  at.streams.on_time();
  CHECK(at.streams.in_flight() == 1);
  at.sequencer.finish(101, committed(1));
}

TEST_CASE("append streams: there are only so many at a time") {
  append_streams::settings how;
  how.streams_max = 3;
  fixture at(how);
  at.opened(5000);
  at.opened(5000, other_link);
  const std::uint64_t third = at.opened(5000);
  const auto no = at.open(5000);
  CHECK(why(no) == code::overloaded);
  CHECK(no->stream == 0);
  at.streams.on_abandon(client_link, {third});
  at.opened(5000);
}

TEST_CASE("append streams: what the sequencer says of a record before it comes is passed on") {
  fixture at;
  SECTION("refused") {
    at.sequencer.outcome_at_open = refused_append("orders", make_error(code::too_large, "no"));
    CHECK(why(at.open(5000)) == code::too_large);
  }
  SECTION("there already") {
    at.sequencer.outcome_at_open = committed(9);
    CHECK(at.open(5000)->outcome->offset == 9);
  }
  SECTION("nowhere to go") {
    at.no_route = make_error(code::unknown_log, "no such log");
    const auto no = at.open(5000);
    CHECK(why(no) == code::unknown_log);
    CHECK(no->outcome->refused->log == "orders");
  }
  CHECK(at.streams.in_flight() == 0);
}

TEST_CASE("append streams: a record header over the limit is refused (at, one above)") {
  fixture at;
  for (const std::uint64_t bytes : {wire::record_fields_bytes_max, wire::record_fields_bytes_max + 1}) {
    std::optional<wire::append_opened> answer;
    at.streams.on_open(client_link, {"orders", 5000, 0, 0, 0}, bytes_of(bytes).flatten(),
                       [&](wire::append_opened told) { answer = std::move(told); });
    CHECK(why(answer) == (bytes > wire::record_fields_bytes_max ? code::header_too_large : code::ok));
  }
}

TEST_CASE("append streams: a node that shuts down opens nothing new, and lets what is open end") {
  fixture at;
  const std::uint64_t stream = at.opened(1000);
  at.streams.begin_drain();
  CHECK(why(at.open(5000)) == code::shutting_down);
  at.piece(stream, 0, 1000);
  at.sequencer.take_piece(101);
  const auto end = at.finish(stream, 1000);
  at.sequencer.finish(101, committed(3));
  CHECK((*end)->outcome.offset == 3);
  CHECK(at.streams.in_flight() == 0);
}

TEST_CASE("append streams: a node that passes pieces on promises no more than it can hold") {
  append_streams::settings how;
  how.relayed_bytes_max = 5000;
  fixture at(how);
  at.relayed_to = "n3";
  CHECK(at.open(50'000)->window_bytes == 3000);
  CHECK(at.open(50'000)->window_bytes == 2000); // what is left
  const auto full = at.open(50'000);
  CHECK(why(full) == code::overloaded);
  CHECK(full->outcome->refused->limit_bytes == 5000);
  CHECK(at.sequencer.abandoned == std::vector<std::uint64_t>{103});
  at.streams.on_link_down(client_link);
  CHECK(at.streams.relayed_bytes_promised() == 0);
}

TEST_CASE("append streams: pieces that a node can never hold are not passed on (at, one above)") {
  append_streams::settings how;
  how.relayed_bytes_max = 1000;
  fixture at(how);
  at.relayed_to = "n3";
  CHECK(at.open(50'000)->window_bytes == 1000);
  at.streams.on_link_down(client_link);
  at.sequencer.piece_bytes = 1001;
  const auto no = at.open(50'000);
  CHECK(why(no) == code::too_large);
  CHECK(no->outcome->refused->actual_bytes == 1001);
  CHECK(no->outcome->refused->remedy == "connect to node n3, the sequencer's");
}

TEST_CASE("append streams: a record smaller than a piece takes no more than itself of what a node can hold") {
  append_streams::settings how;
  how.relayed_bytes_max = 1000;
  fixture at(how);
  at.relayed_to = "n3";
  at.sequencer.piece_bytes = 4000;
  const std::uint64_t stream = at.opened(999);
  CHECK(at.streams.relayed_bytes_promised() == 999);
  CHECK(why(at.open(2)) == code::overloaded);
  CHECK(at.opened(1) != stream);
  CHECK(at.streams.relayed_bytes_promised() == 1000);
  CHECK_FALSE(at.piece(stream, 0, 999)->has_value()); // it is on its way
}

TEST_CASE("append streams: with the link to the sequencer's node the streams over it end, and no others") {
  fixture at;
  at.relayed_to = "n3";
  const std::uint64_t stream = at.opened(5000);
  const auto waiting = at.piece(stream, 0, 1000);
  at.relayed_to = "n2";
  const std::uint64_t other = at.opened(5000);
  at.streams.on_node_down("n3");
  CHECK(why(waiting) == code::sequencer_unreachable);
  CHECK(why(at.piece(stream, 1, 1000)) == code::sequencer_unreachable);
  CHECK(at.sequencer.abandoned.empty()); // there is nobody to tell
  CHECK_FALSE(at.piece(other, 0, 1000)->has_value());
  CHECK(at.streams.relayed_bytes_promised() == 3000);
}

TEST_CASE("append streams: another node that opens with pieces of no bytes is not believed") {
  fixture at;
  at.relayed_to = "n3";
  at.sequencer.piece_bytes = 0;
  CHECK(why(at.open(5000)) == code::malformed);
  CHECK(at.sequencer.abandoned.size() == 1);
  CHECK(at.streams.relayed_bytes_promised() == 0);
}

TEST_CASE("append streams: why streams ended is remembered of the youngest only") {
  fixture at;
  const std::uint64_t first = at.opened(5000);
  at.streams.on_abandon(client_link, {first});
  for (int i = 0; i < 256; ++i) {
    at.streams.on_abandon(client_link, {at.opened(5000)});
  }
  CHECK(why(at.piece(first, 0, 1000)) == code::not_found);
  CHECK(why(at.piece(first + 1, 0, 1000)) == code::cancelled);
}
