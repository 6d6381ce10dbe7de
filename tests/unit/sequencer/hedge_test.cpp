#include "support/sequencer_cluster.hpp"

#include <catch2/catch.hpp>

using namespace outsize;
using namespace outsize::test;
using namespace std::chrono_literals;

TEST_CASE("hedge: while the slower server is waited for, the one that has answered asks for no time") {
  sequencer_cluster cluster;
  cluster.options.spread = host::spread_rule::replication;
  cluster.start_and_open();
  for (const char *slow : {"n1", "n2"}) { // n3 is the sequencer's own
    cluster.peers.hold(slow);
  }
  const handle waiting = cluster.append("one");
  cluster.pass(1500ms); // beyond half of the first store's timeout, when another server is tried
  REQUIRE_FALSE(waiting->answered);
  CHECK(cluster.sequencer->next_time() > cluster.now);
  cluster.peers.let_go("n1");
  cluster.run();
  CHECK(waiting->offset() == 1);
}
