#include "support/sequencer_cluster.hpp"

#include <catch2/catch.hpp>

using namespace outsize;
using namespace outsize::test;

TEST_CASE("recovery: entries are copied in pieces that a server with one message's memory can take") {
  constexpr std::uint64_t limit_bytes = 8 * wire::kib;
  sequencer_cluster cluster({{"n1", limit_bytes}, {"n2", limit_bytes}, {"n3", limit_bytes}});
  cluster.start_and_open();
  // Of twelve records only n3 has a copy when the sequencer dies, and n1 is not there for the seal.
  cluster.peers.hold("n1");
  cluster.peers.hold("n2");
  for (int i = 0; i < 12; ++i) {
    cluster.append(text_of_size(2000));
  }
  cluster.run();
  REQUIRE(cluster.peers.servers["n3"].offsets(cluster.segment(0)).size() > 4);
  for (const char *node : {"n1", "n2"}) {
    cluster.peers.link_down(node); // what was under way is lost
    cluster.peers.link_up(node, limit_bytes);
  }
  cluster.peers.let_go("n2");
  const std::size_t before = cluster.peers.stores.size();
  cluster.start_and_open();
  std::size_t repaired = 0;
  for (std::size_t i = before; i < cluster.peers.stores.size(); ++i) {
    const fake_peers::sent_store &sent = cluster.peers.stores[i];
    repaired += (sent.message.flags & wire::store_is_repair) != 0 ? 1 : 0;
    const std::uint64_t entry_bytes = sent.message_bytes -
                                      wire::store_overhead_bytes(sent.message.entry_headers.size()) -
                                      sent.message.entry_headers.size() * wire::per_entry_bytes;
    CHECK(entry_bytes <= limit_bytes);
  }
  CHECK(repaired > 1);
}
