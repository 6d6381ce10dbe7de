#include "unit/sequencer/support/fake_metadata.hpp"
#include "unit/sequencer/support/fake_peers.hpp"

#include "host/segment/read_stream.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using namespace outsize;
using namespace outsize::host;

namespace {

/// A reader at the tail of an empty log; the test answers what it asks the sequencer.
struct reader_at_tail {
  explicit reader_at_tail(duration wait, std::uint64_t bytes_max = 0, std::vector<std::string> nodes = {"n1"}) {
    log_record log;
    log.id = 7;
    log.name = "orders";
    log.nodeset = std::move(nodes);
    segment_record first;
    first.base = wire::first_offset;
    first.nodeset = log.nodeset;
    log.chain.push_back(first);
    view.revision = 1;
    view.logs["orders"] = {1, log};

    read_stream::environment around;
    around.view = [this]() -> const cluster_view & { return view; };
    around.servers = &peers;
    around.now = [this] { return now; };
    around.find_tail = [this](const std::string &, time_point, std::function<void(result<tail_in_segment>)> then) {
      asked.push_back(std::move(then));
    };
    around.take_room = [this](std::uint64_t bytes) {
      const bool enough = room >= bytes;
      room -= enough ? bytes : 0;
      return enough;
    };
    around.give_room = [this](std::uint64_t bytes) { room += bytes; };
    wire::read question;
    question.bytes_max = bytes_max;
    question.log = "orders";
    question.wait_ms = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(wait).count());
    stream =
        std::make_unique<read_stream>(around, question, tail_in_segment{}, now + 60s,
                                      [this](result<wire::records> one, const rope &) { answer = std::move(one); });
    stream->start();
  }

  void answer_tail(result<tail_in_segment> tail) {
    REQUIRE(asked.size() == 1);
    const auto then = std::move(asked.front());
    asked.clear();
    then(std::move(tail));
  }
  /// Lets the time come that the stream wants to run at.
  void wake() {
    REQUIRE(stream->next_time() > now);
    now = stream->next_time();
    stream->on_time();
  }

  time_point now{1000s};
  cluster_view view;
  test::fake_peers peers;
  std::uint64_t room = 1000; ///< bytes for answers
  std::vector<std::function<void(result<tail_in_segment>)>> asked;
  std::unique_ptr<read_stream> stream;
  std::optional<result<wire::records>> answer;
};

} // namespace

TEST_CASE("read stream: at the tail it answers with nothing when the wait is over") {
  reader_at_tail reader(50ms);
  reader.answer_tail(tail_in_segment{0, wire::first_offset});
  while (!reader.answer.has_value()) {
    reader.wake();
    if (!reader.asked.empty()) {
      reader.answer_tail(tail_in_segment{0, wire::first_offset});
    }
  }
  REQUIRE(reader.answer->has_value());
  CHECK((*reader.answer)->next == wire::first_offset);
  CHECK(reader.now == time_point{1000s + 50ms});
}

TEST_CASE("read stream: while the sequencer recovers it asks again and again, and sleeps between") {
  reader_at_tail reader(0ms);
  for (int i = 0; i < 10; ++i) {
    reader.answer_tail(make_error(code::log_recovering, "not yet"));
    const time_point before = reader.now;
    reader.wake();
    CHECK(reader.now >= before + 20ms);
    CHECK_FALSE(reader.answer.has_value());
  }
  reader.answer_tail(tail_in_segment{0, wire::first_offset});
  reader.stream->on_time();
  CHECK(reader.answer.has_value());
}

TEST_CASE("read stream: waits until there is room for its answer, and gives it back with the answer") {
  reader_at_tail reader(0ms, 100);
  reader.room = 0;
  reader.answer_tail(tail_in_segment{0, wire::first_offset + 1});
  for (int i = 0; i < 3; ++i) {
    const time_point before = reader.now;
    reader.wake();
    CHECK(reader.now == before + 5ms);
  }
  CHECK(reader.peers.fetches == 0);
  reader.room = 1000;
  reader.wake();
  CHECK(reader.room == 900);
  while (reader.peers.deliver_one()) {
  }
  CHECK(reader.answer.has_value());
  CHECK(reader.room == 1000);
}

TEST_CASE("read stream: that waited for room and then has nothing to fetch does not ask for its time again and again") {
  reader_at_tail reader(0ms, 100);
  reader.room = 0;
  reader.answer_tail(tail_in_segment{0, wire::first_offset + 1});
  reader.wake();
  // Meanwhile this node has heard of the next segment, and not of all of the one before.
  std::vector<segment_record> &chain = reader.view.logs["orders"].record.chain;
  chain.push_back(chain.front());
  chain.back().index = 1;
  chain.back().base = 5;
  chain.back().end = 6;
  for (int i = 0; i < 3; ++i) {
    reader.wake(); // to a time that has not come yet
  }
  CHECK_FALSE(reader.answer.has_value());
}

TEST_CASE("read stream: a tail of the next segment says nothing about what is committed of this one") {
  reader_at_tail reader(0ms);
  reader.room = 64 * wire::mib;
  reader.peers.link_up("n1", 32 * wire::mib);
  // Segment 0 ended before it held anything, which this node has not heard yet. What its servers have of it was never
  // committed, although the tail is beyond.
  reader.answer_tail(tail_in_segment{1, 3});
  reader.wake();
  CHECK(reader.peers.fetches == 0);
  CHECK_FALSE(reader.answer.has_value());
  std::vector<segment_record> &chain = reader.view.logs["orders"].record.chain;
  chain.front().end = wire::first_offset;
  chain.push_back(chain.front());
  chain.back().index = 1;
  chain.back().end.reset();
  reader.wake();
  while (reader.peers.deliver_one()) {
  }
  CHECK(reader.peers.fetches == 1);
  CHECK(reader.peers.servers["n1"].segments.count({7, 1}) == 1);
}

TEST_CASE("read stream: where servers take too long each has its time, and in the next round twice of it") {
  reader_at_tail reader(0ms, 0, {"n1", "n2"});
  reader.room = 64 * wire::mib;
  for (const std::string node : {"n1", "n2"}) {
    reader.peers.link_up(node, 32 * wire::mib);
    reader.peers.hold(node);
  }
  reader.answer_tail(tail_in_segment{0, wire::first_offset + 1});
  std::vector<duration> given;
  while (!reader.answer.has_value()) {
    REQUIRE(reader.peers.next_deadline() > reader.now);
    given.push_back(reader.peers.next_deadline() - reader.now);
    reader.now = reader.peers.next_deadline();
    reader.peers.expire(reader.now);
  }
  CHECK(given == std::vector<duration>{5s, 5s, 10s, 10s, 20s, 10s}); // the deadline is after 60 s
  CHECK(reader.answer->error().code == code::timed_out);
}
