#include "server_fixture.hpp"

#include "host/logserver/catch_up.hpp"
#include "support/fake_clock.hpp"

#include <catch2/catch.hpp>

#include <deque>
#include <map>

using namespace outsize;
using namespace outsize::test;
using namespace std::chrono_literals;
using offsets = std::vector<wire::offset_t>;

namespace {

/// A server that lags, and other members that hold what it lacks.
class catch_up_fixture {
public:
  catch_up_fixture() {
    host::catch_up_options options;
    options.bytes_max = 100'000;
    fetcher = std::make_unique<host::catch_up>(
        *mine.server,
        [this](const std::string &node, const wire::fetch &message, duration patience, host::catch_up::answered then) {
          asked.push_back({node, message, patience, std::move(then)});
        },
        options);
  }

  void want(wire::offset_t target, wire::offset_t base = 1) { fetcher->want({segment, base, target, {"n1", "n2"}}); }

  /// Answers what is asked, and moves the clock when nothing is, until nothing happens for `idle`.
  void run(duration idle = 3s) {
    const time_point until = clock.now() + idle;
    for (int steps = 0; clock.now() < until && steps < 10'000; ++steps) {
      fetcher->on_time(clock.now());
      if (asked.empty()) {
        clock.advance(50ms);
      } else {
        answer_one();
      }
    }
  }
  void answer_one() {
    auto next = std::move(asked.front());
    asked.pop_front();
    history.push_back(next.node);
    const auto peer = peers.find(next.node);
    if (peer == peers.end()) {
      next.then(make_error(code::link_down, "no link to " + next.node), {});
      return;
    }
    const auto outcome = peer->second.fetch(next.message);
    auto answer = (*outcome)->answer;
    rope payload = (*outcome)->payload;
    if (tamper && answer) {
      tamper(next.node, *answer, payload);
    }
    next.then(std::move(answer), payload);
    mine.disk.settle();
  }

  struct question {
    std::string node;
    wire::fetch message;
    duration patience{};
    host::catch_up::answered then;
  };
  server_fixture mine;
  std::map<std::string, server_fixture> peers;
  std::deque<question> asked;
  std::vector<std::string> history;
  std::function<void(const std::string &, wire::fetched &, rope &)> tamper;
  fake_clock clock;
  std::unique_ptr<host::catch_up> fetcher;
};

offsets range(wire::offset_t from, wire::offset_t to) {
  offsets all;
  for (; from < to; ++from) {
    all.push_back(from);
  }
  return all;
}

} // namespace

TEST_CASE("catch-up: fills holes and the tail up to the target from one member") {
  catch_up_fixture f;
  f.peers["n1"].send(1, 31, 31);
  f.mine.send(1, 3);
  f.mine.send(10, 12, 10);
  f.mine.send(15, 16, 15);
  f.want(25);
  f.run();
  CHECK(f.mine.disk.durable_offsets(segment) == range(1, 25));
  CHECK(f.mine.durable_row().holes.empty());
  CHECK(f.fetcher->status().at(0).offsets_missing == 0);
  CHECK(f.fetcher->status().at(0).entries_fetched == 25 - 1 - 5);
  CHECK(f.fetcher->status().at(0).last_error.empty());
}

TEST_CASE("catch-up: fragments and their commit come entry by entry, and a damaged fragment is mended, all are found") {
  catch_up_fixture f;
  const auto split = [](wire::offset_t offset) {
    wire::entry_header facts;
    facts.segment = segment;
    facts.offset = offset;
    facts.generation = 1;
    facts.kind = wire::entry_kind::commit;
    facts.set = 9;
    facts.total_bytes = 30;
    return make_entry(facts, wire::encode_split_record({1, 4, 3, 10, 30, {}}).text());
  };
  const std::vector<made_entry> entries{
      make_fragment(segment, 1, 9, 0, "0123456789"), make_entry(segment, 2, "somebody else's"),
      make_fragment(segment, 3, 9, 1, "0123456789"), make_fragment(segment, 4, 9, 2, "0123456789"), split(5)};
  auto &peer = f.peers["n1"];
  peer.send(make_store(entries));
  peer.release(6);
  f.mine.send(make_store({entries[0]}));
  f.mine.disk.settle();
  f.mine.disk.make_unreadable(segment, 1);
  f.want(6);
  f.fetcher->on_damaged(segment, 1);
  f.run();
  for (wire::offset_t offset = 1; offset < 6; ++offset) {
    CHECK(f.mine.disk.durable_entry(segment, offset) == peer.disk.durable_entry(segment, offset));
  }
  const auto found = f.mine.fetch_set({.set = 9, .from = 0, .to = 3, .bytes_max = 1000, .global_tail = 6});
  CHECK(offsets_of((*found)->answer->entry_headers) == offsets{1, 3, 4});
}

TEST_CASE("catch-up: a server that was away for the whole segment learns its tail and gets all of it") {
  catch_up_fixture f;
  f.peers["n1"].send(1, 4, 4);
  f.mine.release(4);
  f.want(1); // the metadata knows no end yet
  f.run();
  CHECK(f.mine.disk.durable_offsets(segment) == range(1, 4));
}

TEST_CASE("catch-up: a server that never heard of the segment begins at its base") {
  catch_up_fixture f;
  f.peers["n1"].server->set_base(segment, 100);
  f.peers["n1"].send(100, 121, 121);
  f.want(121, 100);
  f.run();
  CHECK(f.mine.disk.durable_offsets(segment) == range(100, 121));
  CHECK(f.mine.durable_row().holes.empty());
}

TEST_CASE("catch-up: what one member lacks or cannot give is fetched from the next") {
  catch_up_fixture f;
  f.peers["n1"].send(1, 5, 5);
  f.peers["n1"].send(9, 12, 12);
  f.peers["n1"].disk.flip_bit(segment, 3, 8 * wire::entry_header_bytes);
  f.peers["n2"].send(1, 12, 12);
  f.mine.server->on_release({segment, 1, 12});
  f.want(12);
  f.run();
  CHECK(f.mine.disk.durable_offsets(segment) == range(1, 12));
  CHECK(f.history.front() == "n1");
  CHECK(std::count(f.history.begin(), f.history.end(), "n2") > 0);
}

TEST_CASE("catch-up: a tail that is told before the first store is caught up to") {
  catch_up_fixture f;
  f.peers["n1"].send(1, 12, 12);
  f.want(1);
  f.run();
  CHECK(f.mine.disk.durable_offsets(segment).empty());
  f.mine.server->on_release({segment, 1, 12});
  f.run();
  CHECK(f.mine.disk.durable_offsets(segment) == range(1, 12));
}

TEST_CASE("catch-up: releases of segments that nothing is stored of are remembered up to a bound") {
  catch_up_fixture f;
  for (std::uint64_t log = 1; log <= 10'000; ++log) {
    f.mine.server->on_release({{log, 0}, 1, 12});
  }
  CHECK(f.mine.server->segments().size() < 5'000);
}

TEST_CASE("catch-up: an answer that does not come in time is given twice as long the next time") {
  catch_up_fixture f;
  f.peers["n2"].send(1, 12, 12);
  f.want(12);
  std::vector<duration> given;
  for (int tries = 0; tries < 8; ++tries) {
    while (f.asked.empty()) {
      f.fetcher->on_time(f.clock.now());
      f.clock.advance(50ms);
    }
    given.push_back(f.asked.front().patience);
    const auto slow = std::move(f.asked.front().then);
    f.asked.pop_front();
    slow(make_error(code::timed_out, "no answer in time"), {});
  }
  CHECK(given.front() == 10s);
  CHECK(given[1] == 20s);
  CHECK(given.back() == 600s);
  f.run(30s);
  CHECK(f.mine.disk.durable_offsets(segment) == range(1, 12));
  f.want(13);
  f.fetcher->on_time(f.clock.now());
  f.clock.advance(2s);
  f.fetcher->on_time(f.clock.now());
  REQUIRE(f.asked.size() == 1);
  CHECK(f.asked.front().patience == 10s);
}

TEST_CASE("catch-up: one bounded question at a time") {
  catch_up_fixture f;
  f.peers["n1"].send(make_store(segment, 1, std::vector<std::string>(10, std::string(40'000, 'x'))));
  f.peers["n1"].disk.settle();
  f.want(11);
  f.fetcher->on_time(f.clock.now());
  f.clock.advance(1s);
  f.fetcher->on_time(f.clock.now());
  REQUIRE(f.asked.size() == 1);
  CHECK(f.asked[0].message.bytes_max == 100'000);
  CHECK(f.asked[0].message.global_tail == 11);
  CHECK(f.fetcher->next_time() == never);
  f.fetcher->on_time(f.clock.now());
  CHECK(f.asked.size() == 1);
  const time_point before = f.clock.now();
  while (!f.asked.empty()) { // no pause between questions that are answered
    f.answer_one();
    REQUIRE(f.fetcher->next_time() <= before);
    f.fetcher->on_time(before);
  }
  CHECK(f.mine.disk.durable_offsets(segment) == range(1, 11));
  CHECK(f.history.size() == 5);
}

TEST_CASE("catch-up: a tail that moves by itself is left to the sequencer") {
  catch_up_fixture f;
  f.peers["n1"].send(1, 100, 100);
  f.want(1);
  for (wire::offset_t tail = 1; tail < 60; ++tail) {
    f.mine.send(tail, tail + 1, tail + 1); // its own tail is always one behind the global one
    f.mine.release(tail + 2);
    f.fetcher->on_time(f.clock.now());
    f.clock.advance(100ms);
    REQUIRE(f.asked.empty());
  }
  f.run();
  CHECK(f.mine.durable_row().local_tail == 61);
}

TEST_CASE("catch-up: nobody to ask pauses, longer each time, and goes on when somebody is back") {
  catch_up_fixture f;
  f.mine.send(5, 6, 5);
  f.want(6);
  std::vector<duration> pauses;
  time_point last = f.clock.now();
  for (int rounds = 0; rounds < 10; ++rounds) {
    for (int members = 0; members < 2; ++members) {
      while (f.asked.empty()) {
        f.clock.advance_to(f.fetcher->next_time());
        f.fetcher->on_time(f.clock.now());
      }
      f.answer_one();
    }
    pauses.push_back(f.clock.now() - last);
    last = f.clock.now();
  }
  CHECK(pauses[0] == 0ms);
  CHECK(pauses[1] == 100ms);
  CHECK(pauses[2] == 200ms);
  CHECK(pauses[9] == 10s);
  CHECK(f.fetcher->status().at(0).last_error == "n2: link_down: no link to n2");
  f.peers["n2"].send(1, 6, 6);
  f.run(30s);
  CHECK(f.mine.durable_row().holes.empty());
}

TEST_CASE("catch-up: a member that sends wrong bytes is not believed") {
  const int how = GENERATE(range(0, 5));
  CAPTURE(how);
  catch_up_fixture f;
  f.peers["n1"].send(1, 8, 8);
  f.peers["n2"].send(1, 8, 8);
  f.tamper = [how](const std::string &node, wire::fetched &answer, rope &payload) {
    if (node != "n1" || answer.entry_headers.empty()) {
      return;
    }
    std::string bytes(payload.flatten().text());
    switch (how) {
    case 0:
      bytes[2] ^= 4;
      break;
    case 1:
      bytes.pop_back();
      break;
    case 2:
      bytes += "more";
      break;
    case 3:
      answer.entry_headers[0] = make_entry(segment, 7, payload_at(7)).header;
      break;
    default:
      answer.entry_headers[0] = make_entry({9, 9}, 1, payload_at(1)).header;
    }
    payload = rope(buffer::copy_of(std::string_view(bytes)));
  };
  f.mine.send(7, 8, 7);
  f.want(8);
  f.run();
  CHECK(f.mine.disk.durable_offsets(segment) == range(1, 8));
  CHECK(f.mine.stopped_segments.empty());
}

TEST_CASE("catch-up: a damaged entry is replaced from another member, also when that one's copy is damaged first") {
  catch_up_fixture f;
  f.peers["n1"].send(1, 6, 6);
  f.peers["n2"].send(1, 6, 6);
  f.mine.send(1, 6, 6);
  f.mine.release(6);
  f.want(6);
  const auto before = f.mine.disk.durable_entry(segment, 3);
  f.mine.disk.flip_bit(segment, 3, 8 * wire::entry_header_bytes + 1);
  f.peers["n1"].disk.make_unreadable(segment, 3);
  f.mine.fetch({.from = 1, .to = 6, .bytes_max = 1000});
  REQUIRE(f.mine.damaged == offsets{3});
  f.fetcher->on_damaged(segment, f.mine.damaged[0]);
  CHECK(f.fetcher->status().at(0).damaged == 1);
  f.run();
  CHECK(f.mine.disk.durable_entry(segment, 3) == before);
  CHECK(f.fetcher->status().at(0).damaged == 0);
}

TEST_CASE("catch-up: a full disk here pauses and goes on, whoever was asked") {
  catch_up_fixture f;
  f.peers["n1"].send(1, 6, 6);
  f.mine.send(5, 6, 5);
  f.mine.disk.set_disk_full(true);
  f.want(6);
  f.run(1s);
  CHECK(f.mine.durable_row().holes.size() == 1);
  CHECK(f.fetcher->status().at(0).last_error.find("n1: disk_full") == 0);
  f.mine.disk.set_disk_full(false);
  f.run(20s);
  CHECK(f.mine.durable_row().holes.empty());
}

TEST_CASE("catch-up: a stopped segment and a forgotten one are left alone") {
  catch_up_fixture f;
  f.peers["n1"].send(1, 9, 9);
  f.mine.send(1, 3);
  f.want(9);
  SECTION("stopped") {
    f.mine.send(make_store(segment, 1, {std::string("something else")}));
    f.mine.disk.settle();
    REQUIRE(f.mine.server->find(segment)->stopped);
  }
  SECTION("forgotten") {
    f.fetcher->forget(segment);
  }
  f.run();
  CHECK(f.history.empty());
}

TEST_CASE("catch-up: an answer after the end of the machine calls nobody") {
  catch_up_fixture f;
  f.mine.send(5, 6, 5);
  f.want(6);
  f.fetcher->on_time(f.clock.now());
  REQUIRE(f.asked.size() == 1);
  f.fetcher.reset();
  f.answer_one();
  CHECK(f.mine.durable_row().holes.size() == 1);
}
