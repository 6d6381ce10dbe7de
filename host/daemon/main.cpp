// outsized: runs one node.
#include "host/daemon/check_report.hpp"
#include "host/daemon/command_line.hpp"
#include "host/daemon/daemon.hpp"

#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace outsize::host;

void print(std::FILE *to, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), to);
}

int told(const std::vector<problem> &problems) {
  for (const problem &wrong : problems) {
    print(stderr, to_line(wrong) + "\n");
  }
  return exit_usage;
}

int run(const daemon_command &command) {
  const config_reading reading = read_config_file(command.config_file);
  if (!reading.problems.empty()) {
    return told(reading.problems);
  }
  const preparation with(reading.value);
  if (!with.problems.empty()) {
    return told(with.problems);
  }
  if (command.job == daemon_job::check) {
    print(stdout, check_report(reading.value, with));
    return exit_done;
  }
  return run_daemon(reading.value, with);
}

int obey(const std::vector<std::string_view> &arguments) {
  const outsize::result<daemon_command> command = read_command_line(arguments);
  if (!command) {
    return told({to_problem(command.error())});
  }
  switch (command->job) {
  case daemon_job::help:
    print(stdout, daemon_usage());
    return exit_done;
  case daemon_job::version:
    print(stdout, "outsized " OUTSIZE_VERSION "\n");
    return exit_done;
  default:
    return run(*command);
  }
}

} // namespace

int main(int count, char **arguments) {
  try {
    return obey(std::vector<std::string_view>(arguments + 1, arguments + count));
  } catch (const std::exception &escaped) {
    std::fprintf(stderr, "internal: %s (report it with the log around it)\n", escaped.what());
    return exit_failed;
  }
}
