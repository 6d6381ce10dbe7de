// Disks and stores that lose or change what large records are made of: found when it is read, told apart, named, and
// never given out. Where another copy is good, nobody but the operator notices.
#include "support/cluster_case.hpp"
#include "support/disk_damage.hpp"
#include "support/large_files.hpp"

#include <outsize/wire/limits.hpp>

#include <csignal>
#include <filesystem>

using namespace outsize;
using namespace outsize::test;
using nlohmann::json;

namespace {

namespace fs = std::filesystem;

bool says(const std::string &text, const std::string &what) {
  return text.find(what) != std::string::npos;
}

/// Reads one record into a file, which must fail with this code and leave no file; what was said of it.
std::string failing_read(const cluster &nodes, const std::string &node, std::uint64_t offset, const std::string &code,
                         const std::string &timeout = "20s") {
  const std::string folder = nodes.path("read-in-vain");
  const std::string number = std::to_string(offset);
  const child_process::output done = nodes.outsize(
      node, {"read", "orders", "--from", number, "--to", number, "--output-dir", folder, "--timeout", timeout});
  INFO("read from " << node << ": " << done.err);
  CHECK(done.exit_code == 1);
  CHECK(done.err.rfind(code + ": ", 0) == 0);
  CHECK(fs::is_empty(folder));
  fs::remove_all(folder);
  return done.err;
}

// ---- fragments ------------------------------------------------------------------------------------------------------

constexpr std::uint64_t split_bytes = 8 * wire::mib; // in fragments of 1 MiB

void await_all_copies(const cluster &nodes) {
  await("all servers hold the same", [&] {
    const json digest = nodes.digest("orders");
    const std::size_t last = digest.at("segments").size() - 1;
    const json one = copies_of(digest, last, "n1").at("digest");
    return one == copies_of(digest, last, "n2").at("digest") && one == copies_of(digest, last, "n3").at("digest");
  });
}

/// One bit or several of this fragment of `file` are wrong on a node that does not run.
void damage_fragment(const cluster &nodes, const std::string &node, const std::string &file, std::uint64_t fragment) {
  disk_place place = find_on_disk(nodes.path(node), bytes_in(file, fragment * wire::mib, 64));
  place.at += wire::mib / 2;
  flip_byte(place);
}

std::uint64_t times_damaged(const cluster &nodes, const std::string &node) {
  return nodes.status(node).at("log_server").at("times_damaged");
}

/// Damaged on one server: read from it, another copy is given, and it gets a good one again.
void check_one_copy(cluster &nodes, const std::string &node, std::uint64_t offset, const std::string &file) {
  nodes.node(node).end(SIGTERM);
  damage_fragment(nodes, node, file, 3);
  nodes.start({node});
  nodes.await_open("orders");
  CHECK(times_damaged(nodes, node) == 0); // nobody has read it
  CHECK(reads_back(nodes, node, offset, file));
  CHECK(times_damaged(nodes, node) > 0);
  const std::string log = nodes.node(node).log();
  CHECK(says(log, "entry damaged on this server"));
  CHECK(says(log, "damaged fragment: log=orders offset=" + std::to_string(offset)));
  CHECK(says(log, "fragment=3 node=" + node));
  await("the damaged copy was replaced", [&] {
    const std::uint64_t before = times_damaged(nodes, node);
    CHECK(reads_back(nodes, node, offset, file));
    return times_damaged(nodes, node) == before;
  });
}

/// Damaged everywhere: the loss is told with its place, and what is around it is there.
void check_all_copies(cluster &nodes, std::uint64_t offset, const std::string &file) {
  nodes.shut_down();
  for (const std::string node : node_names) {
    damage_fragment(nodes, node, file, 5);
  }
  nodes.start_all();
  for (const std::string through : {"n1", "n3"}) {
    const std::string said = failing_read(nodes, through, offset, "data_loss");
    INFO(said);
    CHECK(says(said, "offset " + std::to_string(offset)));
    CHECK(says(said, "fragment 5 of 8"));
    for (const std::string node : node_names) {
      CHECK(says(said, node + ": fragment 5 is damaged"));
    }
  }
}

// ---- blobs ----------------------------------------------------------------------------------------------------------

constexpr std::uint64_t spilled_bytes = 6 * wire::mib;

/// Every node says so, and blob verify does, with the name of the offset.
void check_blob_trouble(const cluster &nodes, std::uint64_t offset, const std::string &code, const std::string &state) {
  INFO("it should be " << code);
  for (const std::string node : node_names) {
    const std::string said = failing_read(nodes, node, offset, code, "2s"); // "unavailable" is asked again
    INFO(said);
    CHECK(says(said, "offset " + std::to_string(offset)));
  }
  const child_process::output verified = nodes.outsize("n1", {"blob", "verify", "orders", "--json", "--timeout", "2s"});
  INFO(verified.out << verified.err);
  CHECK(verified.exit_code == 1);
  const json line = json::parse(verified.out);
  CHECK(line.at("offset") == offset);
  CHECK(line.at("state") == state);
  CHECK(line.at("code") == code);
}

} // namespace

CLUSTER_CASE("corrupt fragment") {
  cluster nodes(kind);
  use_split(nodes, "4MiB");
  nodes.start_all();
  const std::string small = nodes.path("small");
  const std::string large = nodes.path("large");
  make_file(small, 1000, 1);
  make_file(large, split_bytes, 2);
  const std::uint64_t before = append_file(nodes, "n1", small).at("offset");
  const std::uint64_t offset = append_file(nodes, "n1", large).at("offset");
  const std::uint64_t after = append_file(nodes, "n1", small).at("offset");
  await_all_copies(nodes);
  check_one_copy(nodes, "n1", offset, large);
  check_one_copy(nodes, "n3", offset, large);
  check_all_copies(nodes, offset, large);
  for (const std::uint64_t neighbour : {before, after}) {
    CHECK(reads_back(nodes, "n2", neighbour, small));
  }
  nodes.shut_down();
}

CLUSTER_CASE("corrupt blob") {
  cluster nodes(kind);
  use_spill(nodes, "4MiB");
  for (const char *node : node_names) {
    nodes.options(node).obeys_modes = true;
  }
  nodes.start_all();
  const std::string large = nodes.path("large");
  make_file(large, spilled_bytes, 1);
  const std::uint64_t offset = append_file(nodes, "n1", large).at("offset");
  const std::string store = nodes.path("blobs");
  const std::string blob = find_file(store, spilled_bytes);

  flip_byte({blob, spilled_bytes / 2});
  check_blob_trouble(nodes, offset, "blob_corrupt", "damaged");
  flip_byte({blob, spilled_bytes / 2});

  fs::rename(blob, nodes.path("blob"));
  check_blob_trouble(nodes, offset, "blob_missing", "missing");
  fs::rename(nodes.path("blob"), blob);

  const fs::perms modes = fs::status(blob).permissions();
  fs::permissions(blob, fs::perms::none);
  check_blob_trouble(nodes, offset, "blob_denied", "denied");
  fs::permissions(blob, modes);

  // A disk that is not mounted when the nodes start: there is a folder, and it is not the store.
  nodes.shut_down();
  fs::rename(store, nodes.path("away"));
  nodes.start_all();
  check_blob_trouble(nodes, offset, "blob_unavailable", "unavailable");
  nodes.shut_down();
  fs::remove_all(store);
  fs::rename(nodes.path("away"), store);
  nodes.start_all();

  for (const std::string node : node_names) {
    CHECK(reads_back(nodes, node, offset, large));
  }
  CHECK(nodes.outsize("n1", {"blob", "verify", "orders"}).exit_code == 0);
  nodes.shut_down();
}
