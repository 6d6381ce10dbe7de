#include "large_files.hpp"

#include "await.hpp"
#include "child_process.hpp"
#include "payload.hpp"

#include <outsize/suite/catch.hpp>
#include <outsize/wire/limits.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

namespace outsize::test {

namespace {

void set_policy(cluster &nodes, const std::string &name, const std::string &section) {
  for (const char *node : node_names) {
    nodes.options(node).policies = "\"" + name + "\"";
    nodes.options(node).more += section;
  }
}

std::string policy_section(const std::string &name, const std::string &applies_above, const std::string &params) {
  return "[[size-policy]]\nname = \"" + name + "\"\nplugin = \"" + name + "\"\n" +
         (applies_above.empty() ? "" : "applies-above = \"" + applies_above + "\"\n") + "[size-policy.params]\n" +
         params + "\n";
}

} // namespace

void make_file(const std::string &path, std::uint64_t bytes, std::uint64_t seed) {
  std::ofstream to(path, std::ios::binary);
  const buffer block = payload_of(wire::mib, seed).flatten();
  for (std::uint64_t at = 0; at < bytes; at += block.size()) {
    // No two blocks are the same.
    const std::string number = std::to_string(at);
    const std::uint64_t left = std::min(block.size(), bytes - at);
    const std::uint64_t of_number = std::min<std::uint64_t>(number.size(), left);
    to.write(number.data(), static_cast<std::streamsize>(of_number));
    to.write(block.text().data() + of_number, static_cast<std::streamsize>(left - of_number));
  }
  REQUIRE(to.flush().good());
}

bool same_files(const std::string &left, const std::string &right) {
  std::ifstream one(left, std::ios::binary);
  std::ifstream other(right, std::ios::binary);
  REQUIRE(one.good());
  REQUIRE(other.good());
  std::vector<char> of_one(wire::mib);
  std::vector<char> of_other(wire::mib);
  while (one.good() && other.good()) {
    one.read(of_one.data(), static_cast<std::streamsize>(of_one.size()));
    other.read(of_other.data(), static_cast<std::streamsize>(of_other.size()));
    if (one.gcount() != other.gcount() ||
        !std::equal(of_one.begin(), of_one.begin() + one.gcount(), of_other.begin())) {
      return false;
    }
  }
  return one.eof() && other.eof();
}

std::string sha256_of(const std::string &path) {
  child_process::options how;
  how.command = {"/usr/bin/sha256sum", path};
  child_process tool(how);
  const std::optional<child_process::output> done = tool.collect(steady_now() + patience);
  REQUIRE(done.has_value());
  REQUIRE(done->exit_code == 0);
  return done->out.substr(0, done->out.find(' '));
}

void use_split(cluster &nodes, const std::string &applies_above, const std::string &fragment_size) {
  set_policy(nodes, "split",
             policy_section("split", applies_above,
                            "fragment-size = \"" + fragment_size + "\"\nmax-record-size = \"2GiB\"\n"));
}

void use_spill(cluster &nodes, const std::string &applies_above) {
  set_policy(nodes, "spill",
             policy_section("spill", applies_above, "blob-store = \"archive\"\n") +
                 "[[blob-store]]\nname = \"archive\"\nplugin = \"blob-file\"\n[blob-store.params]\n"
                 "directory = \"blobs\"\n\n");
}

nlohmann::json append_file(const cluster &nodes, const std::string &node, const std::string &file) {
  return nodes.ask(node, {"append", "orders", file});
}

bool reads_back(const cluster &nodes, const std::string &node, std::uint64_t offset, const std::string &file) {
  const std::string folder = nodes.path("read-from-" + node);
  const std::string number = std::to_string(offset);
  const child_process::output done =
      nodes.outsize(node, {"read", "orders", "--from", number, "--to", number, "--output-dir", folder});
  INFO("read of offset " << offset << " from " << node << ": " << done.err);
  REQUIRE(done.exit_code == 0);
  const bool same = same_files(folder + "/" + number, file);
  std::filesystem::remove_all(folder);
  return same;
}

} // namespace outsize::test
