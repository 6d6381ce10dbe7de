// One node killed with -9 under load, each in turn.
#include "faults/stress.hpp"

#include <csignal>

using namespace outsize;
using namespace outsize::test;
using namespace outsize::faults;

CLUSTER_CASE("kill one") {
  stress cluster(kind);
  cluster.begin_load(1);
  for (const std::string victim : {"n1", "n2"}) {
    INFO("killed: " << victim);
    cluster.await_acknowledged(200);
    cluster.kill({victim});
    cluster.await_acknowledged(200); // the other two are a write quorum
    cluster.nodes.start({victim});
    cluster.await_acknowledged(100);
  }

  // n3 is the sequencer and the metadata.
  cluster.kill({"n3"});
  cluster.await_refused("sequencer_unreachable", 50);
  const std::size_t acknowledged = cluster.running->report().acknowledged;
  for (const std::string node : {"n1", "n2"}) {
    client_session client = cluster.nodes.connect(node);
    const wire::append_result answer = client.append("orders", payload_of(100, 1));
    REQUIRE(answer.refused.has_value());
    CHECK(answer.refused->why == code::sequencer_unreachable);
    CHECK(retry_of(answer.refused->why) == retry_class::later);
  }
  CHECK(cluster.running->report().acknowledged == acknowledged); // nobody else gives offsets
  cluster.nodes.start({"n3"});
  cluster.await_acknowledged(200);

  cluster.settle();
  cluster.nodes.shut_down();
}
