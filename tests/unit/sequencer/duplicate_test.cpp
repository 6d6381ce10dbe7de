#include "support/sequencer_cluster.hpp"

#include <catch2/catch.hpp>

using namespace outsize;
using namespace outsize::test;

TEST_CASE("duplicate: a sequence that is sent again is answered with the offset and the size of the first") {
  sequencer_cluster cluster;
  cluster.start_and_open();
  const handle first = cluster.append("one", of_producer("p", 1, 0));
  const handle in_flight = cluster.append("one", of_producer("p", 1, 0));
  cluster.run();
  const handle later = cluster.append("one", of_producer("p", 1, 0));
  cluster.run();
  REQUIRE(first->offset() == 1);
  CHECK(first->only().entry_bytes > 0);
  CHECK(first->only().duplicate == 0);
  for (const handle &again : {in_flight, later}) {
    REQUIRE(again->offset() == 1);
    CHECK(again->only().duplicate == 1);
    CHECK(again->only().entry_bytes == first->only().entry_bytes);
  }
}
