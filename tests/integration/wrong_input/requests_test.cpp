// What a node answers to requests that it cannot carry out, and what the tool says about files. One real node runs.
#include "../support/node_process.hpp"
#include "configs.hpp"
#include "transcript.hpp"

#include <outsize/suite/catch.hpp>

#include <fmt/format.h>

#include <csignal>
#include <filesystem>

using namespace outsize::test;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kib = 1024;

class desk {
public:
  desk() : node_("n1", seen.folder().path()) {
    node_.start(single_node(seen.ports()));
    node_.await_ready();
  }
  ~desk() { node_.end(SIGTERM); }
  desk(const desk &) = delete;
  desk &operator=(const desk &) = delete;

  void outsize(const std::string &what, std::vector<std::string> arguments, const std::string &in = "/dev/null") {
    seen.run(what, connected(std::move(arguments)), in);
  }
  void outsize_without_powers(const std::string &what, std::vector<std::string> arguments) {
    seen.run_without_powers(what, connected(std::move(arguments)));
  }
  [[nodiscard]] std::string file(const std::string &name, std::size_t bytes) const {
    return seen.file(name, std::string(bytes, 'x'));
  }

  transcript seen;

private:
  [[nodiscard]] std::vector<std::string> connected(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "outsize");
    arguments.emplace_back("--connect");
    arguments.push_back(fmt::format("tcp://127.0.0.1:{}", seen.ports().port(0)));
    return arguments;
  }
  node_process node_;
};

} // namespace

TEST_CASE("wrong input: logs that are not there or cannot be made") {
  desk at;
  const std::string some = at.file("some", 10);
  at.outsize("append to an unknown log", {"append", "order", some});
  at.outsize("the same for a program that reads JSON", {"append", "order", some, "--json"});
  at.outsize("read an unknown log", {"read", "order"});
  at.outsize("the tail of an unknown log", {"log", "tail", "order"});
  at.outsize("describe an unknown log", {"log", "describe", "order"});
  at.outsize("the digest of an unknown log", {"digest", "order"});
  at.outsize("bench an unknown log", {"bench", "--log", "order", "--count", "1"});
  at.outsize("a log without a name", {"append", "", some});
  at.outsize("a name with a slash", {"log", "create", "my/log"});
  at.outsize("a name that is too long", {"log", "create", std::string(129, 'a')});
  at.outsize("a log that is there already", {"log", "create", "orders"});
  at.outsize("a policy that is not configured", {"log", "create", "x", "--policies", "no-videos,split"});
  at.outsize("a member of the nodeset that is no node", {"log", "create", "x", "--nodeset", "n1,n9"});
  at.outsize("a member twice", {"log", "create", "x", "--nodeset", "n1,n1"});
  at.outsize("a sequencer that is no node", {"log", "create", "x", "--sequencer", "n9"});
  at.outsize("a limit below the smallest", {"log", "create", "x", "--message-limit", "1KiB"});
  at.outsize("a limit above the largest", {"log", "create", "x", "--message-limit", "2GiB"});
  at.seen.check_approved("logs");
}

TEST_CASE("wrong input: records that do not fit") {
  desk at;
  const std::string small = at.file("small", 10);
  at.outsize("over the limit of the only node", {"append", "orders", at.file("large", 1024 * kib)});
  at.outsize("the same for a program that reads JSON", {"append", "orders", at.seen.folder() / "large", "--json"});
  at.outsize("over the log's own limit", {"append", "small", at.file("medium", 700 * kib)});
  at.outsize("over the limit of a policy", {"append", "small", at.file("policy", 600 * kib)});
  at.outsize("the same for a program that reads JSON", {"append", "small", at.seen.folder() / "policy", "--json"});
  at.outsize("key and headers together", {"append", "orders", small, "--key", std::string(50 * kib, 'k'), "--header",
                                          "h=" + std::string(20 * kib, 'v')});
  at.outsize("a large one among small ones", {"append", "orders", at.seen.folder() / "large", small});
  at.seen.check_approved("records");
}

TEST_CASE("wrong input: files of the tool") {
  desk at;
  const std::string some = at.file("some", 10);
  at.outsize("one that is not there, among others", {"append", "orders", at.seen.folder() / "nowhere", some});
  at.outsize("a folder", {"append", "orders", at.seen.folder().path()});
  const std::string secret = at.file("secret", 10);
  fs::permissions(secret, fs::perms::none);
  at.outsize_without_powers("one that may not be read", {"append", "orders", secret});
  at.outsize("the same for a program that reads JSON", {"append", "orders", at.seen.folder() / "nowhere", "--json"});
  at.outsize("an output folder that is a file", {"read", "orders", "--output-dir", some});
  fs::create_directory(at.seen.folder() / "closed");
  fs::permissions(at.seen.folder() / "closed", fs::perms(0500));
  at.outsize_without_powers("an output folder that may not be made",
                            {"read", "orders", "--output-dir", at.seen.folder() / "closed/records"});
  at.outsize_without_powers("an output folder that may not be written",
                            {"read", "orders", "--output-dir", at.seen.folder() / "closed"});
  at.seen.check_approved("files");
}
