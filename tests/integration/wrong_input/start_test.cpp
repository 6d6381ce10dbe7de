// Why a node that was configured rightly does not start, or ends.
#include "../support/node_process.hpp"
#include "configs.hpp"
#include "transcript.hpp"

#include <outsize/suite/catch.hpp>

#include <fmt/format.h>

#include <csignal>
#include <filesystem>
#include <fstream>

using namespace outsize::test;
namespace fs = std::filesystem;

namespace {

/// A node that runs while this object lives.
class running {
public:
  running(const transcript &seen, const std::string &name, const std::string &config)
      : node_(name, seen.folder().path()) {
    node_.start(config);
    node_.await_ready();
  }
  ~running() { node_.end(SIGTERM); }
  running(const running &) = delete;
  running &operator=(const running &) = delete;

private:
  node_process node_;
};

std::string with_data_dir(const transcript &seen, const std::string &folder) {
  return with(single_node(seen.ports()), "data-dir = \"data\"", "data-dir = \"" + folder + "\"");
}

/// Node n2 of the cluster of n1, a log server only.
std::string second_node(const port_lease &ports) {
  const std::string second =
      fmt::format("\n[[peer]]\nname = \"n2\"\naddress = \"tcp://127.0.0.1:{}\"\n", ports.port(1));
  std::string text = with(single_node(ports), "\n[metadata]", second + "\n[metadata]");
  text = with(text, "name = \"n1\"\nroles = [\"sequencer\", \"log-server\"]\ndata-dir = \"data\"",
              "name = \"n2\"\nroles = [\"log-server\"]\ndata-dir = \"data2\"");
  return with(text, fmt::format("listen = \"tcp://127.0.0.1:{}\"", ports.port(0)),
              fmt::format("listen = \"tcp://127.0.0.1:{}\"", ports.port(1)));
}

void overwrite(const std::string &file, const std::string &text) {
  std::ofstream(file) << text;
}

} // namespace

TEST_CASE("wrong input: ports and data directories that are taken") {
  transcript seen;
  const running first(seen, "n1", single_node(seen.ports()));
  seen.start("a port in use", with_data_dir(seen, "other"));
  seen.start("a data directory in use",
             with(single_node(seen.ports()), "listen = \"tcp://127.0.0.1:", "listen = \"tcp://127.0.0.2:"));
  seen.start("an address that is not of this machine",
             with(with(with_data_dir(seen, "other"), "listen = \"tcp://127.0.0.1:", "listen = \"tcp://192.0.2.1:"),
                  "[node]\n", "[node]\ninsecure-listen = true\n"));
  seen.check_approved("start-taken");
}

TEST_CASE("wrong input: data directories") {
  transcript seen;
  {
    const running first(seen, "n1", single_node(seen.ports()));
  }
  const std::string marker = seen.folder() / "data/outsize.json";
  seen.start("of another node", with(second_node(seen.ports()), "data-dir = \"data2\"", "data-dir = \"data\""));
  overwrite(marker, R"({"cluster": "", "node": "n1", "format": 999})");
  seen.start("of a newer version", single_node(seen.ports()));
  overwrite(marker, R"({"cluster": "", "node": "n1", "format": 1})");
  seen.start("of an older version", single_node(seen.ports()));
  overwrite(marker, "{");
  seen.start("with a damaged marker", single_node(seen.ports()));
  fs::create_directory(seen.folder() / "papers");
  seen.file("papers/letter.txt", "Dear Sir,\n");
  seen.start("with files of somebody else", with_data_dir(seen, "papers"));
  seen.start("that is a file", with_data_dir(seen, "papers/letter.txt"));
  fs::create_directory(seen.folder() / "closed");
  fs::permissions(seen.folder() / "closed", fs::perms(0500));
  seen.start_without_powers("that may not be written", with_data_dir(seen, "closed"));
  seen.start_without_powers("in a folder that may not be written", with_data_dir(seen, "closed/data"));
  seen.check_approved("start-data-dir");
}

TEST_CASE("wrong input: a data directory of another cluster") {
  transcript seen;
  {
    const running first(seen, "n1", single_node(seen.ports()));
    const running second(seen, "n2", second_node(seen.ports()));
  }
  fs::remove_all(seen.folder() / "data"); // a new cluster under the old addresses
  const running first(seen, "n1", single_node(seen.ports()));
  node_process second("n2", seen.folder().path());
  second.start(second_node(seen.ports()));
  CHECK(second.await_exit() == 1);
  const std::string log = second.log();
  CHECK(log.find("event=fatal wrong_cluster: \"n2\" at ") != std::string::npos);
  CHECK(log.find("has data of another cluster than node n1, of the same name") != std::string::npos);
}
