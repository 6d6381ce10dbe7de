// Configurations that are right, and a way to make them wrong.
//
// Thread rule: pure functions.
#pragma once

#include "../support/port_lease.hpp"

#include <string>

namespace outsize::test {

/// Node n3 of a cluster of three: everything that a file can hold, and nothing wrong.
std::string right_config();
/// With one stretch of text exchanged, which must be there.
std::string config_with(const std::string &old_text, const std::string &new_text);
std::string with(std::string text, const std::string &old_text, const std::string &new_text);

/// A cluster of one node, n1, which listens on the first port and keeps its data in the folder "data". It takes
/// messages up to 1 MiB and has a log "orders".
std::string single_node(const port_lease &ports);

} // namespace outsize::test
