#include "tool.hpp"

#include "await.hpp"
#include "programs.hpp"

#include <fmt/ranges.h>

#include <utility>

namespace outsize::test {

std::unique_ptr<child_process> begin_outsize(std::vector<std::string> arguments) {
  child_process::options how;
  how.command = std::move(arguments);
  how.command.insert(how.command.begin(), outsize_program);
  return std::make_unique<child_process>(how);
}

child_process::output run_outsize(std::vector<std::string> arguments, const std::string &stdin_file) {
  child_process::options how;
  how.command = std::move(arguments);
  how.command.insert(how.command.begin(), outsize_program);
  how.stdin_file = stdin_file;
  child_process tool(how);
  std::optional<child_process::output> done = tool.collect(steady_now() + patience);
  if (!done.has_value()) {
    FAIL(fmt::format("{} does not end", fmt::join(how.command, " ")));
  }
  return std::move(*done);
}

nlohmann::json ask_outsize(std::vector<std::string> arguments) {
  arguments.emplace_back("--json");
  const child_process::output done = run_outsize(arguments);
  nlohmann::json answer = nlohmann::json::parse(done.out, nullptr, false);
  if (done.exit_code != 0 || !answer.is_object()) {
    FAIL(fmt::format("outsize {}: exit {}, {}{}", fmt::join(arguments, " "), done.exit_code, done.out, done.err));
  }
  return answer;
}

} // namespace outsize::test
