// Peers whose limits differ: the form in which the seed's bug lives on elsewhere. n3 takes 32 MiB, n1 and n2 take 4.
#include "support/cluster_case.hpp"

#include <outsize/wire/codec.hpp>
#include <outsize/wire/limits.hpp>

#include <csignal>

using namespace outsize;
using namespace outsize::test;
using nlohmann::json;

namespace {

void set_limits(cluster &nodes) {
  nodes.options("n1").message_limit = "4MiB";
  nodes.options("n2").message_limit = "4MiB";
  nodes.options("n3").message_limit = "32MiB";
}

/// 12 of 1 MiB at once, one of 6 MiB, 100 small ones: all but the one commit.
void check_appends(client_session &client, const std::string &limit_owner) {
  for (const wire::append_result &one : client.append_all("orders", payloads_of(12, wire::mib))) {
    REQUIRE(refusal_text(one) == "");
  }
  const wire::append_result large = client.append("orders", payload_of(6 * wire::mib, 1));
  REQUIRE(large.refused.has_value());
  CHECK(large.refused->why == code::rejected_by_policy);
  CHECK(large.refused->at == wire::stage::admission);
  CHECK(large.refused->actual_bytes == message_bytes_of(6 * wire::mib));
  CHECK(large.refused->limit_bytes == 4 * wire::mib);
  CHECK(large.refused->limit_source == "peer " + limit_owner);
  for (const wire::append_result &one : client.append_all("orders", payloads_of(100, 200))) {
    REQUIRE(refusal_text(one) == "");
  }
}

void check_sequencer(const json &sequencer, std::uint64_t committed, const std::string &limit_owner) {
  CHECK(sequencer.at("limits").at("segment_limit_bytes") == 4 * wire::mib);
  CHECK(sequencer.at("limits").at("segment_limit_owner") == limit_owner);
  CHECK(sequencer.at("appends_committed") == committed);
  CHECK(sequencer.at("refused") == json{{"rejected_by_policy", 1}});
  check_no_size_failure(sequencer);
}

void await_copies_on(const cluster &nodes, const std::string &node) {
  await(node + " holds what n3 holds", [&] {
    const json digest = nodes.digest("orders");
    return copies_of(digest, 0, node).at("digest") == copies_of(digest, 0, "n3").at("digest");
  });
}

struct lowered {
  std::vector<wire::offset_t> large; ///< of 3 MiB each; of half of them n1 has no copy when it comes back
  json load;                         ///< what the load met meanwhile
};

/// n1 is away while records of 3 MiB commit, and comes back with a limit of 2 MiB while others are appended.
lowered lower_under_load(cluster &nodes, const std::string &load_sizes) {
  client_session client = nodes.connect("n3");
  std::vector<wire::offset_t> offsets;
  const auto append_large = [&] {
    for (const wire::append_result &one : client.append_all("orders", payloads_of(3, 3 * wire::mib))) {
      REQUIRE(refusal_text(one) == "");
      offsets.push_back(one.offset);
    }
  };
  append_large();
  await_copies_on(nodes, "n1");
  nodes.node("n1").end(SIGKILL);
  append_large();
  nodes.options("n1").message_limit = "2MiB";
  nodes.launch("n1");
  const auto load = nodes.begin_outsize("n3", {"bench", "--log", "orders", "--size", load_sizes, "--in-flight", "8",
                                               "--count", "400", "--verify", "--json"});
  nodes.node("n1").await_ready();
  const auto done = load->collect(steady_now() + patience);
  REQUIRE(done.has_value());
  return {offsets, json::parse(done->out)};
}

/// The larger, older records, from every node.
void check_large_read(const cluster &nodes, const std::vector<wire::offset_t> &offsets) {
  const std::vector<rope> expected = payloads_of(3, 3 * wire::mib);
  for (const char *node : node_names) {
    client_session reader = nodes.connect(node);
    for (std::size_t i = 0; i < offsets.size(); ++i) {
      INFO("offset " << offsets[i] << " read from " << node);
      const std::vector<client::read_record> read = reader.read("orders", offsets[i], offsets[i]);
      REQUIRE(read.size() == 1);
      CHECK(wire::digest_of(read[0].payload) == wire::digest_of(expected[i % expected.size()]));
    }
  }
}

} // namespace

CLUSTER_CASE("restate mixed-limits") {
  cluster nodes(kind);
  set_limits(nodes);
  nodes.start_all();
  client_session client = nodes.connect("n3");
  const json before = sequencer_of(nodes.status("n3"), "orders");
  const std::string owner = before.at("limits").at("segment_limit_owner");
  CHECK((owner == "n1" || owner == "n2")); // the one that registered first
  check_appends(client, owner);
  check_sequencer(sequencer_of(nodes.status("n3"), "orders"), 112, owner);
  for (const char *node : node_names) {
    INFO(node);
    CHECK(reconnects_of(nodes.status(node)) == 0);
  }
  nodes.shut_down();
}

CLUSTER_CASE("restate mixed-limits: n1 joins after the first append") {
  cluster nodes(kind);
  set_limits(nodes);
  nodes.start({"n2", "n3"});
  nodes.await_open("orders", {"n2", "n3"});
  client_session client = nodes.connect("n3");
  REQUIRE(refusal_text(client.append("orders", payload_of(wire::mib, 7))) == "");
  nodes.start({"n1"});
  nodes.await_open("orders");
  check_appends(client, "n2");
  check_sequencer(sequencer_of(nodes.status("n3"), "orders"), 113, "n2");
  await_copies_on(nodes, "n1");
  nodes.shut_down();
}

CLUSTER_CASE("restate mixed-limits: n1 lowered to 2 MiB and restarted under load") {
  cluster nodes(kind);
  set_limits(nodes);
  nodes.start_all();
  const auto [large, load] = lower_under_load(nodes, "1KiB:9,3MiB:1");
  CHECK(load.at("verified") == 400);
  CHECK(load.at("wrong") == 0);
  CHECK(load.at("errors") == json::object());
  await("n1 is set aside", [&] {
    return server_of(sequencer_of(nodes.status("n3"), "orders"), "n1").at("set_aside_limit_bytes") == 2 * wire::mib;
  });
  const child_process::output status = nodes.outsize("n3", {"status"});
  CHECK(
      status.out.find("ALARM n1 is set aside: its message-limit of 2097152 bytes is below the segment's of 4194304") !=
      std::string::npos);
  await_copies_on(nodes, "n1"); // fetched in parts
  check_large_read(nodes, large);

  // A record above n1's limit commits on n2 and n3 while n1 is away. The sequencer restarts without n2: before the next
  // segment opens, repair must bring the record to n1, in parts.
  nodes.node("n1").end(SIGKILL);
  const wire::append_result missed = nodes.connect("n3").append("orders", payloads_of(1, 3 * wire::mib).front());
  REQUIRE(refusal_text(missed) == "");
  nodes.node("n2").end(SIGKILL);
  nodes.node("n3").end(SIGKILL);
  nodes.start({"n1", "n3"});
  nodes.await_open("orders", {"n1", "n3"});
  const json digest = nodes.digest("orders");
  CHECK(copies_of(digest, 0, "n1").at("digest") == copies_of(digest, 0, "n3").at("digest"));
  nodes.start({"n2"});
  check_large_read(nodes, {missed.offset});

  // The next segment knows the new limit.
  client_session client = nodes.connect("n3");
  const wire::append_result refused = client.append("orders", payload_of(3 * wire::mib, 1));
  REQUIRE(refused.refused.has_value());
  CHECK(refused.refused->limit_bytes == 2 * wire::mib);
  CHECK(refused.refused->limit_source == "peer n1");
  CHECK(refusal_text(client.append("orders", payload_of(wire::mib, 1))) == "");
  nodes.shut_down();
}

CLUSTER_CASE("restate mixed-limits: n1 lowered to 2 MiB, on-lower-limit = seal") {
  cluster nodes(kind);
  set_limits(nodes);
  nodes.options("n3").sequencer = "on-lower-limit = \"seal\"";
  nodes.start_all();
  const auto [large, load] = lower_under_load(nodes, "1KiB:9,1MiB:1");
  const json errors = load.at("errors");
  const std::uint64_t told_later = errors.value("log_recovering", std::uint64_t{0}); // while the segments change
  CHECK(errors == (told_later == 0 ? json::object() : json{{"log_recovering", told_later}}));
  CHECK(load.at("verified") == 400 - told_later);
  CHECK(load.at("wrong") == 0);
  await("the next segment is open", [&] {
    const json now = sequencer_of(nodes.status("n3"), "orders");
    return now.at("state") == "open" && now.at("segment") == 1;
  });
  const json sequencer = sequencer_of(nodes.status("n3"), "orders");
  CHECK(sequencer.at("limits").at("segment_limit_bytes") == 2 * wire::mib);
  CHECK(sequencer.at("limits").at("segment_limit_owner") == "n1");
  for (const json &server : sequencer.at("nodes")) {
    CHECK(server.at("set_aside") == "");
  }
  check_large_read(nodes, large);
  nodes.shut_down();
}
