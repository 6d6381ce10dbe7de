#include "fake_node.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace outsize;
using namespace outsize::test;
using namespace std::chrono_literals;
using wire::test::pattern;

namespace {

/// Small enough that a test's payloads are.
client::client_options small_whole() {
  client::client_options made;
  made.whole_bytes_max = 4096;
  return made;
}

struct fixture : fake_node {
  explicit fixture(const client::client_options &options = small_whole()) : fake_node(options) {
    run_for(100ms); // connected
    REQUIRE(appending().connected());
  }
};

client::record record_of(std::uint64_t bytes, const std::string &producer = {}, std::uint64_t sequence = 0) {
  client::record made;
  made.payload = pattern(bytes);
  made.header.producer = {producer, producer.empty() ? 0u : 1u, sequence, sequence == 0 ? 0 : sequence - 1};
  return made;
}

/// A source over `pattern` that writes down what was read of it.
struct watched_source {
  rope payload;
  std::vector<std::uint64_t> reads; ///< positions
  std::optional<error> fails;
  bool can_rewind = true;

  client::payload_source source() {
    client::payload_source made;
    made.bytes = payload.size();
    made.can_rewind = can_rewind;
    made.read = [this](std::uint64_t from, std::uint64_t bytes) {
      reads.push_back(from);
      return fails ? result<rope>(*fails) : result<rope>(payload.slice(from, bytes));
    };
    return made;
  }
};

std::string text_of(const std::vector<fake_node::piece> &pieces) {
  std::string all;
  for (const fake_node::piece &one : pieces) {
    all += one.bytes.flatten().text();
  }
  return all;
}

} // namespace

TEST_CASE("large append: a payload at the threshold goes whole, one byte more is asked about") {
  fixture at;
  at.append(record_of(4096));
  at.settle();
  CHECK(at.opens.empty());
  CHECK(at.appends.size() == 1);
  at.append(record_of(4097));
  at.settle();
  CHECK(at.appends.size() == 1);
  REQUIRE(at.opens.size() == 1);
  CHECK(at.opens[0].what.log == "orders");
  CHECK(at.opens[0].what.payload_bytes == 4097);
  CHECK(at.opens[0].what.restarts == 0);
  CHECK(at.opens[0].what.relayed == 0);
  CHECK(at.opens[0].what.time_left_ms == 10'000);
}

TEST_CASE("large append: pieces come in order and of their size, and both digests are right") {
  const std::uint64_t bytes = GENERATE(4999u, 5000u, 5001u); // one below, exactly, one above a whole number of pieces
  INFO(bytes);
  fixture at;
  const auto outcome = at.append(record_of(bytes, "p1", 1));
  at.settle();
  REQUIRE(outcome->has_value());
  CHECK_FALSE((*outcome)->refused.has_value());
  CHECK((*outcome)->offset == 1);
  REQUIRE(at.pieces.size() == (bytes + 999) / 1000);
  for (std::size_t i = 0; i < at.pieces.size(); ++i) {
    CHECK(at.pieces[i].what.stream == 1);
    CHECK(at.pieces[i].what.index == i);
    CHECK(at.pieces[i].what.content == wire::digest_of(at.pieces[i].bytes));
    CHECK(at.pieces[i].bytes.size() == (i + 1 < at.pieces.size() ? 1000 : bytes - 1000 * i));
  }
  CHECK(text_of(at.pieces) == pattern(bytes).flatten().text());
  REQUIRE(at.finishes.size() == 1);
  rope whole(at.opens[0].record_header);
  whole.append(pattern(bytes));
  CHECK(at.finishes[0].content == wire::digest_of(whole));
  CHECK(at.abandons.empty());
  CHECK(at.appending().unanswered_bytes() == 0);
}

TEST_CASE("large append: what fits goes as any other record") {
  fixture at;
  at.open_rule = [](const wire::open_append &) { return wire::append_opened{}; };
  const auto outcome = at.append(record_of(5000));
  at.settle();
  REQUIRE(outcome->has_value());
  CHECK((*outcome)->offset == 1);
  CHECK(at.pieces.empty());
  REQUIRE(at.appends.size() == 1);
  CHECK(at.appends[0].records[0].payload_bytes == 5000);
  CHECK(at.appends[0].records[0].content == wire::digest_of(at.append_payloads[0]));
}

TEST_CASE("large append: an outcome that is known when it is opened is the answer") {
  fixture at;
  const code why = GENERATE(code::too_large, code::rejected_by_policy, code::log_recovering, code::overloaded);
  at.open_rule = [&](const wire::open_append &) { return wire::append_opened{0, 0, 0, refusal(why)}; };
  const auto outcome = at.append(record_of(5000));
  at.settle();
  CHECK(why_refused(*outcome) == why);
  CHECK(at.opens.size() == 1);
  CHECK(at.pieces.empty());
}

TEST_CASE("large append: a record that is there already is answered with its offset") {
  fixture at;
  at.open_rule = [](const wire::open_append &) {
    wire::append_opened made;
    made.outcome.emplace();
    made.outcome->offset = 77;
    made.outcome->duplicate = 1;
    return made;
  };
  const auto outcome = at.append(record_of(5000, "p1", 1));
  at.settle();
  REQUIRE(outcome->has_value());
  CHECK((*outcome)->offset == 77);
  CHECK((*outcome)->duplicate == 1);
  CHECK(at.pieces.empty());
}

TEST_CASE("large append: no more than the window is unanswered, and of the source no more is read") {
  fixture at;
  at.holds_pieces = true;
  watched_source from{pattern(10'000), {}, {}};
  const auto outcome = at.append({}, from.source());
  at.settle();
  CHECK(at.pieces.size() == 3);
  CHECK(from.reads == std::vector<std::uint64_t>{0, 1000, 2000});
  CHECK(at.appending().unanswered_bytes() == 3000);
  REQUIRE(at.take_piece());
  at.settle();
  CHECK(at.pieces.size() == 4);
  while (at.take_piece()) {
    at.settle();
    CHECK(at.appending().unanswered_bytes() <= 3000);
  }
  REQUIRE(outcome->has_value());
  CHECK(at.pieces.size() == 10);
  CHECK(text_of(at.pieces) == from.payload.flatten().text());
}

TEST_CASE("large append: a window smaller than a piece still lets one piece go") {
  fixture at;
  at.window_bytes = 1;
  at.holds_pieces = true;
  const auto outcome = at.append(record_of(5000));
  at.settle();
  CHECK(at.pieces.size() == 1);
  while (at.take_piece()) {
    at.settle();
  }
  CHECK(outcome->has_value());
}

TEST_CASE("large append: the end is asked for when every piece was taken") {
  fixture at;
  at.holds_pieces = true;
  at.window_bytes = 5000;
  const auto outcome = at.append(record_of(5000));
  at.settle();
  CHECK(at.pieces.size() == 5);
  for (int i = 0; i < 4; ++i) {
    at.take_piece();
  }
  at.settle();
  CHECK(at.finishes.empty());
  at.take_piece();
  at.settle();
  CHECK(at.finishes.size() == 1);
}

TEST_CASE("large append: a refusal in the middle is the outcome, and nothing more is sent") {
  fixture at;
  at.piece_rule = [](const wire::append_piece &piece) {
    return piece.index == 2 ? std::optional(refusal(code::disk_full)) : std::nullopt;
  };
  const auto outcome = at.append(record_of(50'000));
  at.settle();
  CHECK(why_refused(*outcome) == code::disk_full);
  CHECK(at.pieces.size() <= 6);
  CHECK(at.finishes.empty());
  CHECK(at.abandons.empty()); // the node has ended it by itself
}

TEST_CASE("large append: cut off by the end of a segment, it is sent again from its beginning") {
  fixture at;
  bool is_cut_off = false;
  at.piece_rule = [&](const wire::append_piece &piece) {
    return piece.index == 2 && !std::exchange(is_cut_off, true) ? std::optional(refusal(code::log_recovering))
                                                                : std::nullopt;
  };
  watched_source from{pattern(5000), {}, {}};
  wire::record_header header;
  header.producer = {"p1", 1, 7, 6};
  const auto outcome = at.append(header, from.source());
  at.run_for(1s);
  REQUIRE(outcome->has_value());
  CHECK_FALSE((*outcome)->refused.has_value());
  REQUIRE(at.opens.size() == 2);
  CHECK(at.opens[1].what.restarts == 1);
  CHECK(at.opens[1].record_header.text() == at.opens[0].record_header.text());
  CHECK(std::count(from.reads.begin(), from.reads.end(), 0u) == 2);
  const std::vector<fake_node::piece> second(at.pieces.end() - 5, at.pieces.end());
  CHECK(text_of(second) == from.payload.flatten().text());
  CHECK(second[0].what.stream == 2);
}

TEST_CASE("large append: cut off at its end, it is sent again as well") {
  fixture at;
  bool is_cut_off = false;
  at.finish_rule = [&] {
    return std::exchange(is_cut_off, true) ? std::nullopt : std::optional(refusal(code::log_recovering));
  };
  const auto outcome = at.append(record_of(5000));
  at.run_for(1s);
  REQUIRE(outcome->has_value());
  CHECK_FALSE((*outcome)->refused.has_value());
  CHECK(at.finishes.size() == 2);
  CHECK(at.finishes[0].content == at.finishes[1].content);
}

TEST_CASE("large append: cut off more than five times, it is refused") {
  fixture at;
  at.piece_rule = [](const wire::append_piece &) { return std::optional(refusal(code::log_recovering)); };
  const auto outcome = at.append(record_of(5000));
  at.run_for(5s);
  CHECK(why_refused(*outcome) == code::log_recovering);
  REQUIRE(at.opens.size() == 6);
  CHECK(at.opens.back().what.restarts == 5);
}

TEST_CASE("large append: a source that cannot be rewound is refused when it is cut off") {
  fixture at;
  at.piece_rule = [](const wire::append_piece &) { return std::optional(refusal(code::log_recovering)); };
  watched_source from{pattern(5000), {}, {}};
  from.can_rewind = false;
  const auto outcome = at.append({}, from.source());
  at.run_for(1s);
  CHECK(why_refused(*outcome) == code::log_recovering);
  CHECK(at.opens.size() == 1);
}

TEST_CASE("large append: begun again before the next segment is open, it waits without counting") {
  fixture at;
  bool is_cut_off = false;
  at.piece_rule = [&](const wire::append_piece &) {
    return std::exchange(is_cut_off, true) ? std::nullopt : std::optional(refusal(code::log_recovering));
  };
  at.open_rule = [&](const wire::open_append &) -> std::optional<wire::append_opened> {
    if (at.opens.size() == 1 || at.opens.size() > 4) {
      return std::nullopt;
    }
    return wire::append_opened{0, 0, 0, refusal(code::log_recovering)};
  };
  const auto outcome = at.append(record_of(5000));
  at.run_for(2s);
  REQUIRE(outcome->has_value());
  CHECK_FALSE((*outcome)->refused.has_value());
  CHECK(at.opens.size() == 5);
  CHECK(at.opens.back().what.restarts == 1);
}

TEST_CASE("large append: a segment that does not come is the outcome when the time is up") {
  fixture at;
  bool is_cut_off = false;
  at.piece_rule = [&](const wire::append_piece &) {
    return std::exchange(is_cut_off, true) ? std::nullopt : std::optional(refusal(code::log_recovering));
  };
  at.open_rule = [&](const wire::open_append &) -> std::optional<wire::append_opened> {
    return at.opens.size() == 1 ? std::nullopt
                                : std::optional(wire::append_opened{0, 0, 0, refusal(code::log_recovering)});
  };
  const auto outcome = at.append(record_of(5000));
  at.run_for(9s);
  CHECK_FALSE(outcome->has_value());
  at.run_for(2s);
  CHECK(why_refused(*outcome) == code::log_recovering);
}

TEST_CASE("large append: a link that is lost before the end costs a restart and nothing else") {
  fixture at;
  at.holds_pieces = true;
  const auto outcome = at.append(record_of(5000));
  at.settle();
  REQUIRE(at.pieces.size() == 3);
  at.cut_links();
  at.holds_pieces = false;
  at.run_for(5s);
  REQUIRE(outcome->has_value());
  CHECK_FALSE((*outcome)->refused.has_value());
  CHECK(at.opens.size() == 2);
  CHECK(at.opens.back().what.restarts == 1);
  CHECK(at.pieces.size() == 8);
}

TEST_CASE("large append: a link that is lost before the end is a refusal when the source cannot be rewound") {
  fixture at;
  at.holds_pieces = true;
  watched_source from{pattern(5000), {}, {}};
  from.can_rewind = false;
  const auto outcome = at.append({}, from.source());
  at.settle();
  at.cut_links();
  at.run_for(1s);
  CHECK(why_refused(*outcome) == code::link_down);
}

TEST_CASE("large append: an answer to the end that is lost leaves the outcome unknown") {
  fixture at;
  at.holds_finish = true;
  const auto outcome = at.append(record_of(5000));
  at.settle();
  REQUIRE(at.finishes.size() == 1);
  SECTION("with the link") {
    at.cut_links();
  }
  SECTION("in time") {}
  at.run_for(11s);
  CHECK(why_refused(*outcome) == code::outcome_unknown);
  CHECK(at.opens.size() == 1);
  CHECK(at.abandons.empty());
}

TEST_CASE("large append: a node that takes no piece for too long loses the append, and is told") {
  fixture at;
  at.holds_pieces = true;
  const auto outcome = at.append(record_of(5000));
  at.run_for(9s);
  REQUIRE(at.take_piece()); // each answer has the time anew
  at.run_for(9s);
  CHECK_FALSE(outcome->has_value());
  at.run_for(2s);
  CHECK(why_refused(*outcome) == code::timed_out);
  REQUIRE(at.abandons.size() == 1);
  CHECK(at.abandons[0].stream == 1);
  CHECK(at.appending().unanswered_bytes() == 0);
}

TEST_CASE("large append: a source that fails gives its error to the caller, and the append is abandoned") {
  fixture at;
  at.holds_pieces = true;
  watched_source from{pattern(10'000), {}, {}};
  const auto outcome = at.append({}, from.source());
  at.settle();
  from.fails = make_error(code::invalid_argument, "the file became shorter");
  at.take_piece();
  at.settle();
  CHECK(why_refused(*outcome) == code::invalid_argument);
  CHECK((*outcome)->refused->text == "the file became shorter");
  CHECK(at.abandons.size() == 1);
  CHECK(at.finishes.empty());
}

TEST_CASE("large append: a source that gives fewer bytes than it said is refused") {
  fixture at;
  client::payload_source from;
  from.bytes = 5000;
  from.read = [](std::uint64_t, std::uint64_t bytes) { return result<rope>(pattern(bytes - 1)); };
  const auto outcome = at.append({}, from);
  at.settle();
  CHECK(why_refused(*outcome) == code::invalid_argument);
  CHECK(at.abandons.size() == 1);
}

TEST_CASE("large append: a node that knows no large appends judges the record whole") {
  fixture at;
  at.knows_large = false;
  const auto outcome = at.append(record_of(5000));
  at.settle();
  REQUIRE(outcome->has_value());
  CHECK_FALSE((*outcome)->refused.has_value());
  CHECK(at.appends.size() == 1);
}

TEST_CASE("large append: pieces of no bytes are the node's fault, and the append's end") {
  fixture at;
  at.piece_bytes = 0;
  const auto outcome = at.append(record_of(5000));
  at.settle();
  CHECK(why_refused(*outcome) == code::malformed);
}

TEST_CASE("large append: its producer's later records wait for it, others do not") {
  fixture at;
  at.holds_finish = true;
  const auto large = at.append(record_of(5000, "p1", 1));
  at.settle();
  const auto other = at.append(record_of(10, "p2", 1));
  const auto without = at.append(record_of(10));
  const auto behind = at.append(record_of(10, "p1", 2));
  const auto large_behind = at.append(record_of(6000, "p1", 3));
  at.settle();
  CHECK(other->has_value());
  CHECK(without->has_value());
  CHECK_FALSE(behind->has_value());
  CHECK(at.opens.size() == 1);
  REQUIRE(at.finish_one());
  at.settle();
  CHECK(large->has_value());
  CHECK(behind->has_value());
  REQUIRE(at.opens.size() == 2);
  CHECK(at.opens[1].what.payload_bytes == 6000);
  REQUIRE(at.finish_one());
  at.settle();
  CHECK(large_behind->has_value());
}

TEST_CASE("large append: its producer's later records wait only until it is sent whole") {
  fixture at;
  at.open_rule = [](const wire::open_append &) { return wire::append_opened{}; };
  at.holds_appends = true;
  const auto large = at.append(record_of(5000, "p1", 1));
  const auto behind = at.append(record_of(10, "p1", 2));
  at.settle();
  REQUIRE(at.appends.size() == 2);
  CHECK(at.appends[0].records[0].payload_bytes == 5000);
  CHECK(at.appends[1].records[0].payload_bytes == 10);
}

TEST_CASE("large append: one that is sent whole is not kept out by small ones") {
  client::client_options options;
  options.whole_bytes_max = 512 * wire::kib;
  fixture at(options); // the node's window for whole records is 1 MiB
  at.open_rule = [](const wire::open_append &) { return wire::append_opened{}; };
  at.holds_appends = true;
  at.append(record_of(400 * wire::kib));
  at.append(record_of(700 * wire::kib));
  at.settle();
  at.append(record_of(100 * wire::kib));
  at.settle();
  CHECK(at.appends.size() == 1);
  REQUIRE(at.answer_append());
  at.settle();
  REQUIRE(at.appends.size() == 3);
  CHECK(at.appends[1].records[0].payload_bytes == 700 * wire::kib);
  CHECK(at.appends[2].records[0].payload_bytes == 100 * wire::kib);
}

TEST_CASE("large append: it is opened behind what its producer sent before") {
  fixture at;
  const auto before = at.append(record_of(10, "p1", 1));
  const auto large = at.append(record_of(5000, "p1", 2));
  at.holds_appends = true;
  at.settle();
  CHECK(at.appends.size() == 1);
  CHECK(at.opens.size() == 1);
  CHECK(large->has_value());
}

TEST_CASE("large append: no more go at a time than the client was told") {
  client::client_options options = small_whole();
  options.large_appends_max = 2;
  fixture at(options);
  at.holds_finish = true;
  std::vector<std::shared_ptr<std::optional<wire::append_result>>> outcomes;
  for (int i = 0; i < 5; ++i) {
    outcomes.push_back(at.append(record_of(5000)));
  }
  for (std::size_t opened = 2; opened <= 6; opened += 2) {
    at.run_for(6s); // three times is more than each has for an answer: who waits for a turn loses no time by it
    CHECK(at.opens.size() == std::min<std::size_t>(opened, 5));
    while (at.finish_one()) {
    }
  }
  at.settle();
  for (const auto &one : outcomes) {
    REQUIRE(one->has_value());
    CHECK_FALSE((*one)->refused.has_value());
  }
}

TEST_CASE("large append: without a connection it is refused when its time is up, and not before") {
  fake_node at(small_whole());
  at.refuse_connections(true);
  at.cut_links();
  const auto outcome = at.append(record_of(5000));
  at.run_for(9s);
  CHECK_FALSE(outcome->has_value());
  at.run_for(2s);
  CHECK(why_refused(*outcome) == code::timed_out);
  CHECK(at.opens.empty());
}

TEST_CASE("large append: bytes in memory are counted until the outcome is known") {
  fixture at;
  at.holds_finish = true;
  at.append(record_of(5000, "p1", 1));
  at.append(record_of(6000, "p1", 2));
  at.settle();
  CHECK(at.appending().unanswered_bytes() == 11'000);
  at.finish_one();
  at.settle();
  CHECK(at.appending().unanswered_bytes() == 6000);
  at.finish_one();
  at.settle();
  CHECK(at.appending().unanswered_bytes() == 0);
}
