// A configuration that is right, and ways to make it wrong.
#pragma once

#include "host/config/config.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace outsize::test {

inline const std::string &right_config() {
  static const std::string text = R"([cluster]
name = "demo"

[node]
name = "n3"
roles = ["sequencer", "log-server"]
data-dir = "data/n3"
message-limit = "32MiB"

[log-server]
memory-budget = "256MiB"

[sequencer]
in-flight-bytes = "128MiB"
producer-in-flight-bytes = "64MiB"

[plugins]
search-path = ["plugins"]

[[transport]]
plugin = "tcp"
listen = "tcp://127.0.0.1:7103"
[transport.params]
io-threads = 1

[[transport]]
plugin = "inmemory"

[[peer]]
name = "n1"
address = "tcp://127.0.0.1:7101"

[[peer]]
name = "n2"
address = "tcp://127.0.0.1:7102"

[[peer]]
name = "n3"
address = "tcp://127.0.0.1:7103"

[metadata]
node = "n3"

[[size-policy]]
name = "reject-above-8M"
plugin = "reject"
applies-above = "8MiB"

[[log]]
name = "orders"
sequencer = "n3"
nodeset = ["n1", "n2", "n3"]
policies = ["reject-above-8M"]
)";
  return text;
}

/// right_config() with one stretch of text exchanged, which must be there.
inline std::string config_with(const std::string &old_text, const std::string &new_text) {
  std::string text = right_config();
  const std::size_t at = text.find(old_text);
  REQUIRE(at != std::string::npos);
  return text.replace(at, old_text.size(), new_text);
}

inline std::vector<std::string> problem_lines(const std::string &text) {
  std::vector<std::string> lines;
  for (const host::problem &wrong : host::read_config_text(text, "n3.toml").problems) {
    lines.push_back(host::to_line(wrong));
  }
  return lines;
}

using lines = std::vector<std::string>;

} // namespace outsize::test
