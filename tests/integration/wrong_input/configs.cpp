#include "configs.hpp"

#include "../support/await.hpp"

#include <fmt/format.h>

namespace outsize::test {

std::string right_config() {
  return R"([cluster]
name = "demo"
replication = 2

[node]
name = "n3"
roles = ["sequencer", "log-server"]
data-dir = "data"
message-limit = "32MiB"

[log-server]
memory-budget = "256MiB"

[sequencer]
in-flight-bytes = "128MiB"
producer-in-flight-bytes = "64MiB"

[[transport]]
plugin = "tcp"
listen = "tcp://127.0.0.1:7103"
[transport.params]
backlog = 64

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
name = "no-videos"
plugin = "reject"

[[log]]
name = "orders"
sequencer = "n3"
nodeset = ["n1", "n2", "n3"]
policies = ["no-videos"]
)";
}

std::string with(std::string text, const std::string &old_text, const std::string &new_text) {
  const std::size_t at = text.find(old_text);
  if (at == std::string::npos) {
    FAIL("not in the configuration: " << old_text);
  }
  return text.replace(at, old_text.size(), new_text);
}

std::string config_with(const std::string &old_text, const std::string &new_text) {
  return with(right_config(), old_text, new_text);
}

std::string single_node(const port_lease &ports) {
  return fmt::format(R"([cluster]
name = "one"
replication = 1

[node]
name = "n1"
roles = ["sequencer", "log-server"]
data-dir = "data"
message-limit = "1MiB"

[log-server]
memory-budget = "64MiB"

[[transport]]
plugin = "tcp"
listen = "tcp://127.0.0.1:{0}"

[[transport]]
plugin = "inmemory"

[[peer]]
name = "n1"
address = "tcp://127.0.0.1:{0}"

[metadata]
node = "n1"

[[size-policy]]
name = "no-videos"
plugin = "reject"
applies-above = "64KiB"
[size-policy.params]
limit = "512KiB"
reason = "put it into the archive"

[[log]]
name = "orders"
sequencer = "n1"
nodeset = ["n1"]

[[log]]
name = "small"
sequencer = "n1"
nodeset = ["n1"]
policies = ["no-videos"]
message-limit = "640KiB"
)",
                     ports.port(0));
}

} // namespace outsize::test
