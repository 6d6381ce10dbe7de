// One byte decides for large records too: sizes around limits and fragments, the most fragments that a record may have,
// and the largest key and headers.
#include "support/cluster_case.hpp"
#include "support/large_files.hpp"

#include <outsize/wire/codec.hpp>
#include <outsize/wire/limits.hpp>

using namespace outsize;
using namespace outsize::test;
using nlohmann::json;

namespace {

void limit_all_nodes(cluster &nodes, std::uint64_t bytes) {
  for (const char *name : node_names) {
    nodes.options(name).message_limit = std::to_string(bytes) + "B";
  }
}

/// Payload sizes around what a limit and fragments make of them; every node gives every record back.
void check_boundaries(cluster_kind kind, std::uint64_t limit, std::uint64_t fragment_bytes) {
  INFO("limit " << limit << ", fragments of " << fragment_bytes);
  cluster nodes(kind);
  use_split(nodes, {}, std::to_string(fragment_bytes) + "B");
  limit_all_nodes(nodes, limit);
  nodes.start_all();
  const std::uint64_t threshold = payload_bytes_max(limit);
  const std::uint64_t k = threshold / fragment_bytes + 3;
  std::vector<std::uint64_t> sizes{0, 1, threshold - 1, threshold, threshold + 1};
  for (const std::uint64_t bytes : {k * fragment_bytes - 1, k * fragment_bytes, k * fragment_bytes + 1}) {
    sizes.push_back(bytes);
  }
  for (const std::uint64_t bytes : sizes) {
    INFO("a payload of " << bytes << " bytes");
    const std::string file = nodes.path("record");
    make_file(file, bytes, bytes);
    const json answer = append_file(nodes, "n1", file);
    if (bytes <= threshold) {
      CHECK(answer.at("stored") == "inline");
    } else {
      CHECK(answer.at("stored") == "split");
      CHECK(answer.at("fragments") == (bytes + fragment_bytes - 1) / fragment_bytes);
    }
    for (const std::string node : node_names) {
      CHECK(reads_back(nodes, node, answer.at("offset"), file));
    }
  }
  check_no_size_failure(sequencer_of(nodes.status("n3"), "orders"));
  nodes.shut_down();
}

/// As many fragments as a record may have, then one more: that is for the next policy.
void check_most_fragments(cluster_kind kind) {
  constexpr std::uint64_t bytes_max = wire::fragments_max * wire::kib;
  cluster nodes(kind);
  use_split(nodes, {}, "1KiB");
  for (const char *name : node_names) {
    nodes.options(name).policies = "\"split\", \"reject\"";
  }
  limit_all_nodes(nodes, 64 * wire::kib);
  nodes.start_all();
  const std::string file = nodes.path("record");
  make_file(file, bytes_max, 1);
  const json answer = append_file(nodes, "n1", file);
  CHECK(answer.at("stored") == "split");
  CHECK(answer.at("fragments") == wire::fragments_max);
  for (const std::string node : node_names) {
    CHECK(reads_back(nodes, node, answer.at("offset"), file));
  }

  make_file(file, bytes_max + 1, 1);
  const child_process::output refused = nodes.outsize("n1", {"append", "orders", file, "--json"});
  CHECK(refused.exit_code == 1);
  INFO(refused.out << refused.err);
  const json why = json::parse(refused.out);
  CHECK(why.at("code") == "rejected_by_policy");
  const json &trace = why.at("policy_trace");
  REQUIRE(trace.size() == 2);
  CHECK(trace.at(0).at("policy") == "split");
  CHECK(trace.at(0).dump().find("65537 fragments") != std::string::npos);
  CHECK(trace.at(1).at("policy") == "reject");

  CHECK(append_file(nodes, "n1", nodes.config_file("n1")).at("stored") == "inline"); // nobody is worse off
  check_no_size_failure(sequencer_of(nodes.status("n3"), "orders"));
  nodes.shut_down();
}

/// A key that makes the record header exactly so large.
wire::record_header header_of(std::uint64_t bytes) {
  wire::record_header made;
  made.has_key = true;
  made.key.assign(wire::kib / 2, 'k');
  made.headers.push_back({"name", "value"});
  made.key.resize(made.key.size() + bytes - wire::encode_record_header(made).value().size(), 'k');
  return made;
}

wire::append_result append(client_session &through, const wire::record_header &header, const rope &payload) {
  const result<wire::append_result> answer = through.client().append("orders", client::record{payload, header});
  REQUIRE(answer.has_value());
  return answer.value();
}

/// Key and headers together may have 64 KiB, or a quarter of a smaller limit; whole, or in front of fragments.
void check_header_bound(cluster_kind kind, std::uint64_t limit) {
  INFO("limit " << limit);
  cluster nodes(kind);
  use_split(nodes, {}, "1KiB");
  limit_all_nodes(nodes, limit);
  nodes.start_all();
  const std::uint64_t header_max = std::min(64 * wire::kib, limit / 4);
  const wire::record_header header = header_of(header_max);
  CHECK(wire::encode_record_header(header).value().size() == header_max);
  const std::uint64_t whole_max = payload_bytes_max(limit) + wire::encode_record_header({}).value().size() - header_max;
  client_session client = nodes.connect("n1");
  for (const std::uint64_t bytes : {std::uint64_t{1}, whole_max, whole_max + 1, whole_max + 10 * wire::kib}) {
    INFO("a payload of " << bytes << " bytes behind a header of " << header_max);
    const rope payload = payload_of(bytes, bytes);
    const wire::append_result answer = append(client, header, payload);
    REQUIRE(refusal_text(answer) == "");
    CHECK(answer.stored == (bytes <= whole_max ? wire::stored_as::inline_ : wire::stored_as::split));
    const std::string file = nodes.path("record");
    write_file(file, payload);
    for (const std::string node : node_names) {
      CHECK(reads_back(nodes, node, answer.offset, file));
      const std::vector<client::read_record> read = nodes.connect(node).read("orders", answer.offset, answer.offset);
      REQUIRE(read.size() == 1);
      CHECK(read.front().header.key == header.key);
      REQUIRE(read.front().header.headers.size() == 1);
      CHECK(read.front().header.headers.front().value == "value");
    }
  }
  for (const std::uint64_t bytes : {std::uint64_t{1}, whole_max + 1}) {
    const wire::append_result answer = append(client, header_of(header_max + 1), payload_of(bytes, bytes));
    REQUIRE(answer.refused.has_value());
    INFO(answer.refused->text);
    CHECK(answer.refused->why == code::header_too_large);
    CHECK(answer.refused->actual_bytes == header_max + 1);
    CHECK(answer.refused->limit_bytes == header_max);
  }
  check_no_size_failure(sequencer_of(nodes.status("n3"), "orders"));
  nodes.shut_down();
}

} // namespace

CLUSTER_CASE("boundaries") {
  check_boundaries(kind, 64 * wire::kib, 10'000);
  check_boundaries(kind, wire::message_limit_bytes_min, 1024);
}

CLUSTER_CASE("boundaries: the most fragments of a record") {
  check_most_fragments(kind);
}

CLUSTER_CASE("boundaries: key and headers") {
  check_header_bound(kind, wire::mib);
  check_header_bound(kind, wire::message_limit_bytes_min);
}
