#include "support/sequencer_cluster.hpp"

#include <catch2/catch.hpp>

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
