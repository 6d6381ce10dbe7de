// What `outsized` was asked to do.
//
// Thread rule: pure functions; any thread.
#pragma once

#include <outsize/result.hpp>

#include <span>
#include <string>
#include <string_view>

namespace outsize::host {

enum class daemon_job {
  run,
  check,   ///< read the file, load the plugins, say what results
  version, ///< print it
  help,    ///< print the usage
};

struct daemon_command {
  daemon_job job = daemon_job::run;
  std::string config_file;
};

/// `outsized --config FILE [--check]`, `--version`, `--help`. Error: invalid_argument, naming the argument.
result<daemon_command> read_command_line(std::span<const std::string_view> arguments);

std::string_view daemon_usage();

} // namespace outsize::host
