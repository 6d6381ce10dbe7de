// The command line of the `outsize` tool. parser.cpp is the only file that sees CLI11, which is slow to compile.
//
// Thread rule: one thread.
#pragma once

#include "host/cli/invocation.hpp"
#include "host/config/problem.hpp"

#include <string>
#include <variant>

namespace outsize::host {

/// Text that was asked for: a usage, a version.
struct asked_text {
  std::string text;
};

/// A command to carry out, text to print, or what is wrong with the arguments.
std::variant<invocation, asked_text, problem> parse_command_line(int count, const char *const *arguments);

} // namespace outsize::host
