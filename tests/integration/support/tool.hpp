// The `outsize` program, run to its end.
//
// Thread rule: one thread.
#pragma once

#include "child_process.hpp"

#include <nlohmann/json.hpp>

#include <memory>
#include <string>
#include <vector>

namespace outsize::test {

/// Fails the test when it does not end in time. `stdin_file` is what it reads.
child_process::output run_outsize(std::vector<std::string> arguments, const std::string &stdin_file = "/dev/null");

/// The same, not waited for: collect gives what it said.
std::unique_ptr<child_process> begin_outsize(std::vector<std::string> arguments);

/// As run_outsize with --json; fails the test unless it exits 0 with one JSON object, which is the result.
nlohmann::json ask_outsize(std::vector<std::string> arguments);

} // namespace outsize::test
