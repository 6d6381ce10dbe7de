// One byte decides, and it is the same byte on every path: stores, catch-up, repair and reads, over TCP, over ZeroMQ
// and in memory. tests/unit/admission has the arithmetic of every byte; here real processes see it.
#include "support/cluster_case.hpp"

#include <outsize/wire/codec.hpp>
#include <outsize/wire/limits.hpp>

#include <csignal>

using namespace outsize;
using namespace outsize::test;
using nlohmann::json;

namespace {

/// A log whose stores go over the in-memory transport and no other.
constexpr const char *log_in_memory = R"([[log]]
name = "alone"
sequencer = "n3"
nodeset = ["n3"]
replication = 1
policies = ["reject"]
)";

void limit_all_nodes(cluster &nodes, std::uint64_t bytes) {
  for (const char *name : node_names) {
    nodes.options(name).message_limit = std::to_string(bytes) + "B";
  }
  nodes.options("n3").more = log_in_memory;
}

using kept_records = std::map<wire::offset_t, rope>;

/// Appends records that need messages of exactly these sizes, all at once. What is within the limit must commit and is
/// returned; what is over it must be refused, by the size itself.
kept_records append_sizes(client_session &client, const std::string &log, std::uint64_t limit,
                          const std::vector<std::uint64_t> &message_sizes) {
  std::vector<rope> payloads;
  for (const std::uint64_t bytes : message_sizes) {
    payloads.push_back(payload_of(bytes - message_bytes_of(0), bytes));
  }
  const std::vector<wire::append_result> answers = client.append_all(log, payloads);
  kept_records kept;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    INFO("log " << log << ", a message of " << message_sizes[i] << " bytes, limit " << limit);
    if (message_sizes[i] <= limit) {
      REQUIRE(refusal_text(answers[i]) == "");
      kept.emplace(answers[i].offset, payloads[i]);
    } else {
      REQUIRE(answers[i].refused.has_value());
      CHECK(answers[i].refused->why == code::rejected_by_policy);
      CHECK(answers[i].refused->at == wire::stage::admission);
      CHECK(answers[i].refused->actual_bytes == message_sizes[i]);
      CHECK(answers[i].refused->limit_bytes == limit);
    }
  }
  return kept;
}

void check_read(const cluster &nodes, const std::string &node, const std::string &log, const kept_records &kept) {
  INFO("log " << log << " read from " << node);
  client_session reader = nodes.connect(node);
  const std::vector<client::read_record> read = reader.read(log, kept.begin()->first, kept.rbegin()->first);
  REQUIRE(read.size() == kept.size());
  for (const client::read_record &one : read) {
    REQUIRE(kept.contains(one.offset));
    CHECK(wire::digest_of(one.payload) == wire::digest_of(kept.at(one.offset)));
  }
}

void check_undisturbed(const cluster &nodes, const std::string &log) {
  const json sequencer = sequencer_of(nodes.status("n3"), log);
  check_no_size_failure(sequencer);
  for (const json &server : sequencer.at("nodes")) {
    CHECK(server.at("set_aside") == "");
  }
  for (const char *node : node_names) {
    INFO(node);
    CHECK(reconnects_of(nodes.status(node)) == 0);
  }
}

/// Appended to both logs, read back from every node, and nobody was harmed.
void check_boundary(cluster_kind kind, std::uint64_t limit, const std::vector<std::uint64_t> &message_sizes) {
  INFO("limit of all nodes: " << limit);
  cluster nodes(kind);
  limit_all_nodes(nodes, limit);
  nodes.start_all();
  nodes.await_open("alone", {"n3"});
  for (const std::string log : {"orders", "alone"}) {
    const json limits = nodes.ask("n3", {"log", "describe", log}).at("limits");
    CHECK(limits.at("segment_limit_bytes") == limit);
    CHECK(limits.at("record_bytes_max").get<std::uint64_t>() ==
          wire::encode_record_header({}).value().size() + payload_bytes_max(limit));
    client_session client = nodes.connect("n3");
    const kept_records kept = append_sizes(client, log, limit, message_sizes);
    for (const std::string node : node_names) {
      check_read(nodes, node, log, kept);
    }
    check_undisturbed(nodes, log);
  }
  nodes.shut_down();
}

std::vector<std::uint64_t> around(std::uint64_t limit, std::uint64_t step) {
  std::vector<std::uint64_t> sizes{limit - 1, limit, limit + 1};
  for (std::uint64_t bytes = limit - 200; bytes <= limit + 200; bytes += step) {
    sizes.push_back(bytes);
  }
  return sizes;
}

void await_same_copies(const cluster &nodes, const std::string &log, const std::string &one, const std::string &other) {
  await(one + " holds what " + other + " holds of log " + log, [&] {
    const json digest = nodes.digest(log);
    return copies_of(digest, 0, one).at("digest") == copies_of(digest, 0, other).at("digest");
  });
}

/// n1 is away while records at the limit commit, and gets them when it is back.
void check_catch_up(cluster &nodes, std::uint64_t limit) {
  nodes.node("n1").end(SIGKILL);
  client_session client = nodes.connect("n3");
  const kept_records kept = append_sizes(client, "orders", limit, {limit - 1, limit});
  nodes.start({"n1"});
  await_same_copies(nodes, "orders", "n1", "n3");
  check_read(nodes, "n1", "orders", kept); // a node reads its own log server first
}

/// A record at the limit commits on n2 and n3, and the sequencer restarts without n2 and with n1, which has never seen
/// it: before the next segment opens, repair must bring it to n1.
void check_repair(cluster &nodes, std::uint64_t limit) {
  nodes.node("n1").end(SIGKILL);
  client_session client = nodes.connect("n3");
  const kept_records kept = append_sizes(client, "orders", limit, {limit});
  nodes.node("n2").end(SIGKILL);
  nodes.node("n3").end(SIGKILL);
  nodes.start({"n1", "n3"});
  nodes.await_open("orders", {"n1", "n3"});
  const json digest = nodes.digest("orders");
  CHECK(copies_of(digest, 0, "n1").at("digest") == copies_of(digest, 0, "n3").at("digest"));
  check_read(nodes, "n1", "orders", kept);
  nodes.start({"n2"});
  check_read(nodes, "n2", "orders", kept);
}

void check_other_copies(cluster_kind kind, std::uint64_t limit) {
  INFO("limit of all nodes: " << limit);
  cluster nodes(kind);
  limit_all_nodes(nodes, limit);
  nodes.start_all();
  check_catch_up(nodes, limit);
  nodes.await_open("orders");
  check_repair(nodes, limit);
  nodes.shut_down();
}

} // namespace

CLUSTER_CASE("limit boundary") {
  check_boundary(kind, 32 * wire::mib, {32 * wire::mib - 1, 32 * wire::mib, 32 * wire::mib + 1});
}

CLUSTER_CASE("limit boundary: smaller limits, 200 bytes around each") {
  check_boundary(kind, wire::message_limit_bytes_min, around(wire::message_limit_bytes_min, 1));
  check_boundary(kind, 64 * wire::kib, around(64 * wire::kib, 5));
  check_boundary(kind, 100'003, around(100'003, 20));
  check_boundary(kind, wire::mib, around(wire::mib, 50)); // as large as one part
}

CLUSTER_CASE("limit boundary: catch-up and repair") {
  check_other_copies(kind, 32 * wire::mib);
  check_other_copies(kind, wire::message_limit_bytes_min);
}
