// The seed case: a record that one transport cannot carry and another could (restatedev/restate issue 4129).
#include "support/cluster_case.hpp"

#include <outsize/wire/codec.hpp>
#include <outsize/wire/limits.hpp>

using namespace outsize;
using namespace outsize::test;
using nlohmann::json;

namespace {

constexpr std::uint64_t small_records = 1000;
constexpr std::uint64_t small_bytes = 300;

} // namespace

CLUSTER_CASE("restate-4129 single") {
  cluster nodes(kind);
  nodes.start_all();
  client_session client = nodes.connect("n3");
  const wire::append_result first = client.append("orders", payload_of(small_bytes, 0));
  REQUIRE(refusal_text(first) == "");
  const json before = sequencer_of(nodes.status("n3"), "orders");

  CHECK(before.at("limits").at("limit_source").get<std::string>().rfind("peer n", 0) == 0); // all limits are the same

  write_file(nodes.path("large"), payload_of(40 * wire::mib, 1));
  for (const std::string asked : {"n3", "n1", "n2"}) {
    INFO("refused by " << asked);
    const child_process::output answer = nodes.outsize(asked, {"append", "orders", nodes.path("large"), "--json"});
    CHECK(answer.exit_code == 1);
    json refusal = json::parse(answer.out);
    CHECK(refusal.at("code") == "rejected_by_policy");
    CHECK(refusal.at("stage") == "admission");
    CHECK(refusal.at("actual_bytes") == message_bytes_of(40 * wire::mib));
    CHECK(refusal.at("limit_bytes") == 32 * wire::mib);
    CHECK(refusal.at("limit_source") == before.at("limits").at("limit_source"));
    CHECK(refusal.at("log") == "orders");
    CHECK(refusal.at("producer") == "");
    CHECK(refusal.at("record_index") == 0);
    REQUIRE(refusal.at("policy_trace").size() == 1);
    CHECK(refusal.at("policy_trace")[0].at("policy") == "reject");
    CHECK(refusal.at("policy_trace")[0].at("plan") == "reject");
    CHECK(refusal.at("policy_trace")[0].at("reason") != "");
    CHECK(refusal.at("remedy") != "");
    CHECK(refusal.at("retry") == "never");
  }
  const json refused = sequencer_of(nodes.status("n3"), "orders");
  CHECK(refused.at("refused") == json{{"rejected_by_policy", 3}});
  for (const char *untouched :
       {"stores_sent", "waves", "waves_retried", "bytes_resent", "next_offset", "global_tail", "appends_in_flight"}) {
    INFO(untouched);
    CHECK(refused.at(untouched) == before.at(untouched));
  }

  std::uint64_t stored_bytes = first.entry_bytes;
  wire::offset_t expected = first.offset;
  for (const wire::append_result &small : client.append_all("orders", payloads_of(small_records, small_bytes))) {
    REQUIRE(refusal_text(small) == "");
    CHECK(small.offset == ++expected);
    stored_bytes += small.entry_bytes;
  }
  const json after = nodes.status("n3");
  CHECK(sequencer_of(after, "orders").at("appends_committed") == small_records + 1);
  check_no_size_failure(sequencer_of(after, "orders"));
  const json digest = nodes.digest("orders");
  CHECK(digest.at("conflicts").empty());
  CHECK(copies_of(digest, 0, "n3").at("ranges") == json{{first.offset, expected}});
  CHECK(copies_of(digest, 0, "n3").at("bytes") == stored_bytes);
  for (const char *node : node_names) {
    INFO(node);
    CHECK(reconnects_of(nodes.status(node)) == 0);
  }
  nodes.shut_down();
}

CLUSTER_CASE("restate-4129 batch") {
  constexpr std::uint64_t records = 12;
  cluster nodes(kind);
  nodes.start_all();
  client_session client = nodes.connect("n3");
  const std::vector<rope> large = payloads_of(records, 4 * wire::mib);
  std::vector<wire::offset_t> offsets;
  for (const wire::append_result &one : client.append_all("orders", large)) {
    REQUIRE(refusal_text(one) == "");
    offsets.push_back(one.offset);
  }
  const json sequencer = sequencer_of(nodes.status("n3"), "orders");
  CHECK(sequencer.at("appends_committed") == records);
  CHECK(sequencer.at("refused") == json::object());
  check_no_size_failure(sequencer);
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
