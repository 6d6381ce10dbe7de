// What the tool gives back of records that are split or spilled, and what it leaves when it cannot.
#include "support/cluster_case.hpp"
#include "support/large_files.hpp"

#include <outsize/wire/limits.hpp>

#include <filesystem>
#include <fstream>

using namespace outsize;
using namespace outsize::test;
using nlohmann::json;

namespace {

constexpr std::uint64_t bytes = 3 * wire::mib + 1;

/// One record of `bytes` bytes in the log "orders".
struct large_case {
  large_case(cluster_kind kind, void (*use)(cluster &)) : nodes(kind), file(nodes.path("large")) {
    use(nodes);
    nodes.start_all();
    make_file(file, bytes, 1);
    const json answer = append_file(nodes, "n1", file);
    offset = answer.at("offset");
  }

  cluster nodes;
  std::string file;
  std::uint64_t offset = 0;

  [[nodiscard]] child_process::output read(std::vector<std::string> more, std::uint64_t from) const {
    std::vector<std::string> words{"read", "orders", "--from", std::to_string(from), "--count", "1"};
    words.insert(words.end(), more.begin(), more.end());
    return nodes.outsize("n2", std::move(words));
  }
  /// The one file in the folder of blobs that has its size.
  [[nodiscard]] std::string blob() const {
    for (const auto &entry : std::filesystem::recursive_directory_iterator(nodes.path(""))) {
      if (entry.is_regular_file() && entry.path() != file && entry.file_size() >= bytes &&
          entry.path().string().find("blobs") != std::string::npos) {
        return entry.path().string();
      }
    }
    FAIL("there is no blob");
    return {};
  }
};

void split_above_a_mib(cluster &nodes) {
  use_split(nodes, "1MiB", "64KiB");
}
void spill_above_a_mib(cluster &nodes) {
  use_spill(nodes, "1MiB");
}

std::size_t files_in(const std::string &folder) {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()));
}

} // namespace

TEST_CASE("large reads: a split record is told as any other, with how it is kept") {
  large_case at(cluster_kind::tcp, &split_above_a_mib);
  const child_process::output said = at.read({"--json"}, at.offset);
  REQUIRE(said.exit_code == 0);
  const json told = json::parse(said.out);
  CHECK(told.at("offset") == at.offset);
  CHECK(told.at("bytes") == bytes);
  CHECK(told.at("sha256") == sha256_of(at.file));
  CHECK(told.at("stored") == "split");
  CHECK(told.at("fragments") == 49);
  CHECK_FALSE(told.contains("payload")); // larger than a MiB
  at.nodes.shut_down();
}

TEST_CASE("large reads: the payload stands in the JSON up to a MiB (at, and one byte above)") {
  cluster nodes(cluster_kind::tcp);
  use_split(nodes, "64KiB", "64KiB");
  nodes.start_all();
  for (const std::uint64_t size : {wire::mib, wire::mib + 1}) {
    const std::string file = nodes.path("large");
    make_file(file, size, 1);
    const std::string offset = std::to_string(append_file(nodes, "n1", file).at("offset").get<std::uint64_t>());
    const json told = nodes.ask("n3", {"read", "orders", "--from", offset, "--to", offset});
    CHECK(told.at("stored") == "split");
    CHECK(told.contains("payload") == (size == wire::mib));
  }
  nodes.shut_down();
}

TEST_CASE("large reads: from inside a split set it begins with the set's record") {
  large_case at(cluster_kind::tcp, &split_above_a_mib);
  for (const std::uint64_t from : {at.offset - 49, at.offset - 20, at.offset - 1, at.offset}) {
    const child_process::output said = at.read({"--json", "--no-payload"}, from);
    REQUIRE(said.exit_code == 0);
    CHECK(json::parse(said.out).at("offset") == at.offset);
  }
  at.nodes.shut_down();
}

TEST_CASE("large reads: to stdout unchanged") {
  for (void (*const use)(cluster &) : {&split_above_a_mib, &spill_above_a_mib}) {
    large_case at(cluster_kind::tcp, use);
    const child_process::output said = at.read({}, at.offset);
    REQUIRE(said.exit_code == 0);
    const std::string read = at.nodes.path("read");
    std::ofstream(read, std::ios::binary) << said.out;
    CHECK(same_files(read, at.file));
    at.nodes.shut_down();
  }
}

TEST_CASE(
    "large reads: a blob that was changed or cut, or has gone, is an error, and leaves no file that looks whole") {
  large_case at(cluster_kind::tcp, &spill_above_a_mib);
  const std::string folder = at.nodes.path("out");
  const std::string blob = at.blob();
  const auto read_to_folder = [&] { return at.read({"--output-dir", folder}, at.offset); };
  REQUIRE(read_to_folder().exit_code == 0);
  REQUIRE(files_in(folder) == 1);
  std::filesystem::remove_all(folder);

  std::filesystem::permissions(blob, std::filesystem::perms::owner_all);
  std::fstream(blob, std::ios::binary | std::ios::in | std::ios::out).seekp(bytes / 2).write("changed", 7);
  const child_process::output changed = read_to_folder();
  CHECK(changed.exit_code == 1);
  CHECK(changed.err.rfind("blob_corrupt: ", 0) == 0);
  CHECK(files_in(folder) == 0);

  std::filesystem::resize_file(blob, bytes / 2);
  const child_process::output cut = read_to_folder();
  CHECK(cut.exit_code == 1);
  CHECK(cut.err.rfind("blob_corrupt: ", 0) == 0);
  CHECK(files_in(folder) == 0);

  std::filesystem::remove(blob);
  const child_process::output gone = read_to_folder();
  CHECK(gone.exit_code == 1);
  CHECK(gone.err.rfind("blob_missing: ", 0) == 0);
  CHECK(files_in(folder) == 0);
  at.nodes.shut_down();
}

TEST_CASE("large reads: every record of a bench comes back, large ones among them") {
  cluster nodes(cluster_kind::mixed);
  use_split(nodes, "64KiB", "64KiB");
  nodes.start_all();
  const json told = nodes.ask(
      "n2", {"bench", "--log", "orders", "--size", "1KiB:1,300KiB:1", "--count", "60", "--in-flight", "8", "--verify"});
  CHECK(told.at("records") == 60);
  CHECK(told.at("verified") == 60);
  CHECK(told.at("wrong") == 0);
  nodes.shut_down();
}
