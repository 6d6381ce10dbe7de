// The seed case: a record that one transport cannot carry and another could (restatedev/restate issue 4129).
#include "support/cluster_case.hpp"
#include "support/counters.hpp"

#include <outsize/wire/codec.hpp>
#include <outsize/wire/limits.hpp>

using namespace outsize;
using namespace outsize::test;
using nlohmann::json;

namespace {

std::vector<rope> payloads(std::uint64_t count, std::uint64_t bytes) {
  std::vector<rope> made;
  for (std::uint64_t i = 0; i < count; ++i) {
    made.push_back(payload_of(bytes, i));
  }
  return made;
}

} // namespace

CLUSTER_CASE("restate-4129 batch") {
  constexpr std::uint64_t records = 12;
  cluster nodes(kind);
  nodes.start_all();
  client_session client = nodes.connect("n3");
  const std::vector<rope> large = payloads(records, 4 * wire::mib);
  std::vector<wire::offset_t> offsets;
  for (const wire::append_result &one : client.append_all("orders", large)) {
    REQUIRE(refusal_text(one) == "");
    offsets.push_back(one.offset);
  }
  const json sequencer = sequencer_of(nodes.status("n3"), "orders");
  CHECK(sequencer.at("appends_committed") == records);
  CHECK(sequencer.at("refused") == json::object());
  CHECK(sequencer.at("waves_retried") == json::object());
  CHECK(sequencer.at("bytes_resent") == 0);
  for (const char *node : node_names) {
    INFO(node);
    client_session reader = nodes.connect(node);
    const std::vector<client::read_record> read = reader.read("orders", offsets.front(), offsets.back());
    REQUIRE(read.size() == records);
    for (std::size_t i = 0; i < records; ++i) {
      CHECK(read[i].offset == offsets[i]);
      CHECK(wire::digest_of(read[i].payload) == wire::digest_of(large[i]));
    }
    CHECK(reconnects_of(nodes.status(node)) == 0);
  }
  nodes.shut_down();
}
