#include "support/sequencer_cluster.hpp"

#include "host/sequencer/pending_appends.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace outsize;
using namespace outsize::test;
using namespace std::chrono_literals;

TEST_CASE("log sequencer: a fresh log opens its first segment and takes appends") {
  sequencer_cluster cluster;
  cluster.start_and_open();
  REQUIRE(cluster.state() == "open");
  REQUIRE(cluster.log().chain.size() == 1);
  CHECK(cluster.log().chain[0].base == wire::first_offset);
  const handle first = cluster.append("one");
  const handle second = cluster.append("two");
  cluster.run();
  CHECK(first->offset() == 1);
  CHECK(second->offset() == 2);
  CHECK(cluster.copies(0, 1, "one") == 3);
  CHECK(cluster.copies(0, 2, "two") == 3);
  CHECK(cluster.status().global_tail == 3);
}

TEST_CASE("log sequencer: records of one message are answered together, each with its own result") {
  sequencer_cluster cluster({{"n1", 8 * wire::kib}, {"n2"}, {"n3"}});
  cluster.start_and_open();
  std::vector<host::append_item> items;
  items.push_back(make_item("small"));
  items.push_back(make_item(text_of_size(9000)));
  items.push_back(make_item("small too"));
  const handle all = cluster.append_all(std::move(items));
  cluster.run();
  REQUIRE(all->answered);
  CHECK(all->results[0].offset == 1);
  REQUIRE(all->results[1].refused.has_value());
  CHECK(all->results[1].refused->why == code::too_large);
  CHECK(all->results[1].refused->record_index == 1);
  CHECK(all->results[1].refused->limit_source == "peer n1");
  CHECK(all->results[2].offset == 2);
}

TEST_CASE("log sequencer: what is in flight is bounded for records of one byte, too (producer, log)") {
  sequencer_cluster cluster;
  cluster.options.producer_in_flight_bytes = 64 * wire::kib;
  cluster.options.in_flight_bytes = 128 * wire::kib;
  cluster.start_and_open();
  for (const std::string node : {"n1", "n2", "n3"}) {
    cluster.peers.hold(node);
  }
  std::vector<std::uint64_t> told;
  for (const std::string producer : {"p", "q", "r"}) {
    std::uint64_t taken = 0;
    for (std::uint64_t i = 1; i <= 100; ++i) {
      const handle one = cluster.append("x", of_producer(producer, i, i - 1));
      taken += one->answered ? 0 : 1;
      if (one->answered) {
        CHECK(one->refused() == code::overloaded);
        break;
      }
    }
    told.push_back(taken);
  }
  const std::uint64_t each = make_item("x", of_producer("p", 1, 0)).bytes.size() + host::pending_append::overhead_bytes;
  const std::uint64_t of_producer_max = 64 * wire::kib / each;
  CHECK(told ==
        std::vector<std::uint64_t>{of_producer_max, of_producer_max, 128 * wire::kib / each - 2 * of_producer_max});
}

TEST_CASE("log sequencer: an append is answered log_recovering until a write quorum has registered and sealed") {
  sequencer_cluster cluster;
  cluster.start_and_open();
  cluster.append("one");
  cluster.run();
  cluster.peers.link_down("n1");
  cluster.peers.link_down("n2");
  cluster.start();
  cluster.run();
  CHECK(cluster.state() == "recovering");
  CHECK(cluster.append("two")->refused() == code::log_recovering);
  CHECK(cluster.status().why.find("n1") != std::string::npos);
  cluster.link_up("n2");
  cluster.run();
  CHECK(cluster.state() == "open");
  const handle again = cluster.append("two");
  cluster.run();
  CHECK(again->offset() == 2);
}

TEST_CASE("log sequencer: a restart fences the older generation and opens the next segment at its tail") {
  sequencer_cluster cluster;
  cluster.start_and_open();
  cluster.append("one");
  cluster.append("two");
  cluster.run();
  const auto old = std::move(cluster.sequencer);
  cluster.start_and_open();
  REQUIRE(cluster.log().chain.size() == 2);
  CHECK(cluster.log().chain[0].end == 3);
  CHECK(cluster.log().chain[1].base == 3);
  bool told = false;
  old->append(
      [] {
        std::vector<host::append_item> items;
        items.push_back(make_item("late"));
        return items;
      }(),
      1, never, cluster.now,
      [&](const std::vector<wire::append_result> &results) {
        told = true;
        CHECK(results[0].refused.has_value());
      });
  cluster.run();
  CHECK(told);
  const handle third = cluster.append("three");
  cluster.run();
  CHECK(third->offset() == 3);
}

TEST_CASE("log sequencer: once superseded, a sequence that was in flight is refused like any other") {
  sequencer_cluster cluster;
  cluster.start_and_open();
  for (const std::string node : {"n1", "n2", "n3"}) {
    cluster.peers.hold(node);
  }
  const handle first = cluster.append("x", of_producer("p", 1, 0));
  const handle waiting = cluster.append("y", of_producer("p", 2, 1));
  const auto old = std::move(cluster.sequencer);
  for (const std::string node : {"n1", "n2", "n3"}) {
    cluster.peers.link_down(node); // what was on its way has not happened
    cluster.peers.let_go(node);
    cluster.peers.link_up(node, 32 * wire::mib);
  }
  cluster.start_and_open();
  old->on_view_changed(cluster.now);
  CHECK(first->refused() == code::outcome_unknown);
  CHECK(waiting->answered);
  for (const std::uint64_t sequence : {1U, 2U}) {
    std::vector<host::append_item> again;
    again.push_back(make_item("x", of_producer("p", sequence, sequence - 1)));
    std::optional<code> refused;
    old->append(std::move(again), 1, never, cluster.now,
                [&](const std::vector<wire::append_result> &results) { refused = results.at(0).refused->why; });
    CHECK(refused == code::generation_superseded);
  }
}

TEST_CASE("log sequencer: a server is told the tail again when the link that carries it is new") {
  sequencer_cluster cluster;
  cluster.start_and_open();
  cluster.append("one");
  cluster.pass(1s);
  cluster.peers.releases.clear();
  cluster.pass(1s);
  CHECK(cluster.peers.releases.empty());
  cluster.sequencer->on_control_link_up("n1", cluster.now);
  cluster.pass(1s);
  REQUIRE(cluster.peers.releases.size() == 1);
  CHECK(cluster.peers.releases[0].first == "n1");
  CHECK(cluster.peers.releases[0].second.global_tail == 2);
}

TEST_CASE("log sequencer: a server whose disk could not be read is tried again on the same link") {
  sequencer_cluster cluster;
  cluster.start_and_open();
  cluster.peers.hold("n2");
  cluster.peers.servers["n1"].refuses_stores = make_error(code::storage_failed, "a read failed");
  const handle waiting = cluster.append("one");
  cluster.pass(1s);
  REQUIRE_FALSE(waiting->answered);
  cluster.peers.servers["n1"].refuses_stores.reset();
  cluster.pass(10s);
  CHECK(waiting->offset() == 1);
}
