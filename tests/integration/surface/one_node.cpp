#include "one_node.hpp"

#include "../support/await.hpp"
#include "../support/programs.hpp"
#include "../wrong_input/configs.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <fstream>
#include <sstream>
#include <utility>

namespace outsize::test {

one_node::open_file::open_file(const std::string &path) : fd_(::open(path.c_str(), O_RDWR | O_CLOEXEC)) {
  REQUIRE(fd_ >= 0);
}
one_node::open_file::~open_file() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}
one_node::open_file::open_file(open_file &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

one_node::one_node() : node_("n1", folder_.path()) {
  restart();
}

void one_node::restart() {
  node_.start(single_node(ports_));
  node_.await_ready();
}

std::unique_ptr<child_process> one_node::begin(std::vector<std::string> arguments, const std::string &stdin_file,
                                               std::vector<std::string> wrapper) const {
  child_process::options how;
  how.command = std::move(wrapper);
  how.command.emplace_back(outsize_program);
  how.command.insert(how.command.end(), arguments.begin(), arguments.end());
  how.command.emplace_back("--connect");
  how.command.push_back(fmt::format("tcp://127.0.0.1:{}", ports_.port(0)));
  how.stdin_file = stdin_file;
  return std::make_unique<child_process>(how);
}

child_process::output one_node::run(std::vector<std::string> arguments, const std::string &stdin_file,
                                    std::vector<std::string> wrapper) const {
  const std::string shown = arguments.front();
  auto done = begin(std::move(arguments), stdin_file, std::move(wrapper))->collect(steady_now() + patience);
  if (!done.has_value()) {
    FAIL("outsize " << shown << " does not end");
  }
  return std::move(*done);
}

std::uint64_t one_node::records_committed() const {
  const child_process::output said = run({"status", "--json"});
  const nlohmann::json status = nlohmann::json::parse(said.out);
  for (const nlohmann::json &log : status.at("logs")) {
    if (log.at("log") == "orders" && log.contains("sequencer")) {
      return log.at("sequencer").at("appends_committed").get<std::uint64_t>();
    }
  }
  return 0;
}

std::string one_node::file(const std::string &name, const std::string &text) const {
  std::ofstream(folder_ / name) << text;
  return folder_ / name;
}

std::string one_node::pipe(const std::string &name) {
  REQUIRE(::mkfifo((folder_ / name).c_str(), 0600) == 0);
  writers_.emplace_back(folder_ / name);
  return folder_ / name;
}

std::vector<std::string> lines_of(const std::string &text) {
  std::istringstream from(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(from, line);) {
    lines.push_back(line);
  }
  return lines;
}

} // namespace outsize::test
