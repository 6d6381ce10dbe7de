// What was split and spilled is read without the policies that decided it: fragments, commits and references are the
// host's own.
#include "support/cluster_case.hpp"
#include "support/large_files.hpp"
#include "support/programs.hpp"

#include <outsize/wire/limits.hpp>

#include <csignal>
#include <filesystem>

using namespace outsize;
using namespace outsize::test;
using nlohmann::json;

namespace {

namespace fs = std::filesystem;

constexpr const char *archive = "[[blob-store]]\nname = \"archive\"\nplugin = \"blob-file\"\n[blob-store.params]\n"
                                "directory = \"blobs\"\n\n";

/// Up to 8 MiB are split, more is spilled.
void use_split_then_spill(cluster &nodes) {
  for (const char *node : node_names) {
    nodes.options(node).policies = R"("split", "spill")";
    nodes.options(node).more = std::string(R"([[size-policy]]
name = "split"
plugin = "split"
applies-above = "2MiB"
[size-policy.params]
max-record-size = "8MiB"

[[size-policy]]
name = "spill"
plugin = "spill"
applies-above = "8MiB"
[size-policy.params]
blob-store = "archive"

)") + archive;
  }
}

/// A folder with every plugin but the two; neither does the configuration name them.
void forget_policies(cluster &nodes) {
  const std::string folder = nodes.path("plugins");
  fs::create_directory(folder);
  for (const std::string plugin : {"inmemory", "tcp", "zeromq", "reject", "blob-file"}) {
    const std::string file = "/outsize-" + plugin + ".so";
    fs::copy_file(plugin_folder + file, folder + file);
  }
  for (const char *node : node_names) {
    nodes.options(node).policies = R"("reject")";
    nodes.options(node).more = "[plugins]\nsearch-path = [\"" + folder + "\"]\n\n" + archive;
  }
}

} // namespace

CLUSTER_CASE("a log written under split and spill is readable with neither policy plugin installed") {
  cluster nodes(kind);
  use_split_then_spill(nodes);
  nodes.start_all();
  std::map<std::uint64_t, std::string> kept;
  for (const auto &[bytes, stored] : std::map<std::uint64_t, std::string>{
           {1000, "inline"}, {6 * wire::mib, "split"}, {20 * wire::mib, "spilled"}, {8 * wire::mib, "split"}}) {
    const std::string file = nodes.path("record-" + std::to_string(bytes));
    make_file(file, bytes, bytes);
    const json answer = append_file(nodes, "n1", file);
    CHECK(answer.at("stored") == stored);
    kept[answer.at("offset")] = file;
  }
  nodes.shut_down();

  forget_policies(nodes);
  nodes.start_all();
  for (const std::string policy : {"split", "spill"}) {
    CHECK(nodes.node("n3").log().find("policy missing: log=orders policy=" + policy) != std::string::npos);
  }
  for (const std::string node : node_names) {
    for (const auto &[offset, file] : kept) {
      CHECK(reads_back(nodes, node, offset, file));
    }
  }
  // Nobody is there to split it, and it fits.
  CHECK(append_file(nodes, "n1", nodes.path("record-8388608")).at("stored") == "inline");
  nodes.shut_down();
}
