#include "command_line.hpp"

#include "host/units/units.hpp"

#include <fmt/format.h>

#include <array>

namespace outsize::host {
namespace {

constexpr std::array<std::string_view, 4> flags = {"--config", "--check", "--version", "--help"};

error wrong(std::string text, std::string remedy) {
  return make_error(code::invalid_argument, std::move(text), std::move(remedy));
}

} // namespace

std::string_view daemon_usage() {
  return "usage: outsized --config FILE [--check]\n"
         "       outsized --version | --help\n"
         "\n"
         "Runs one node of an Outsize cluster. Prints one line, `ready node=… listen=…`, when it serves; SIGTERM "
         "drains\n"
         "for at most 10 s.\n"
         "\n"
         "  --config FILE  the node's configuration (docs/configuration.md)\n"
         "  --check        read it, load its plugins, print the limits that result, and exit\n"
         "\n"
         "Exit: 0 done, 1 failed start or failed node, 2 wrong arguments or configuration.\n";
}

result<daemon_command> read_command_line(std::span<const std::string_view> arguments) {
  daemon_command made;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--help" || argument == "--version") {
      made.job = argument == "--help" ? daemon_job::help : daemon_job::version;
      return made;
    }
    if (argument == "--check") {
      made.job = daemon_job::check;
    } else if (argument == "--config") {
      if (i + 1 == arguments.size()) {
        return wrong("--config needs the name of a file", "write --config FILE");
      }
      made.config_file = arguments[++i];
    } else if (argument.starts_with("--config=")) {
      made.config_file = argument.substr(argument.find('=') + 1);
    } else {
      return wrong(fmt::format("unknown argument \"{}\"{}", argument, did_you_mean(argument, flags)),
                   "outsized --help lists them");
    }
  }
  if (made.config_file.empty()) {
    return wrong("no configuration is named", "write --config FILE");
  }
  return made;
}

} // namespace outsize::host
