// What `outsized --check` says about a configuration that is wrong.
#include "configs.hpp"
#include "transcript.hpp"

#include <outsize/suite/catch.hpp>

#include <filesystem>

using namespace outsize::test;

TEST_CASE("wrong input: keys, sections and types of a configuration") {
  transcript seen;
  seen.check("nothing wrong", right_config());
  seen.check("a key that does not exist, and one that is near", config_with("message-limit", "massage-limit"));
  seen.check("a key that is near to nothing", config_with("message-limit = \"32MiB\"", "colour = \"green\""));
  seen.check("a section that does not exist", config_with("[log-server]", "[log-sever]"));
  seen.check("a section that is missing", config_with("[metadata]\nnode = \"n3\"\n", ""));
  seen.check("a section once that can be repeated", config_with("[[size-policy]]", "[size-policy]"));
  seen.check("a key that is missing", config_with("name = \"n3\"\n", ""));
  seen.check("no TOML", config_with("name = \"demo\"", "name = \"demo"));
  seen.check("a key twice", config_with("replication = 2", "replication = 2\nreplication = 3"));
  seen.check("a unit that is not exact", config_with("\"32MiB\"", "\"32MB\""));
  seen.check("a size without quotes", config_with("\"32MiB\"", "32MiB"));
  seen.check("a size below the smallest", config_with("\"32MiB\"", "\"1KiB\""));
  seen.check("a size above the largest", config_with("\"32MiB\"", "\"2GiB\""));
  seen.check("a text where a number belongs", config_with("replication = 2", "replication = \"two\""));
  seen.check("a number below 0", config_with("replication = 2", "replication = -1"));
  seen.check("a name with a blank", config_with("name = \"orders\"", "name = \"my orders\""));
  seen.check("a role that does not exist", config_with("\"log-server\"]", "\"logserver\"]"));
  seen.check("several things at once",
             with(config_with("\"32MiB\"", "\"32MB\""), "plugin = \"inmemory\"", "plugn = \"inmemory\""));
  seen.check_approved("config");
}

TEST_CASE("wrong input: values of a configuration that do not fit each other") {
  transcript seen;
  seen.check("a node that is none of the peers", config_with("name = \"n3\"\nroles", "name = \"n4\"\nroles"));
  seen.check("a metadata node that is none of the peers", config_with("node = \"n3\"", "node = \"n33\""));
  seen.check("a member of a nodeset that is none of the peers",
             config_with("[\"n1\", \"n2\", \"n3\"]", "[\"n1\", \"m2\"]"));
  seen.check("a sequencer that is none of the peers", config_with("sequencer = \"n3\"", "sequencer = \"x\""));
  seen.check("a policy that is not configured", config_with("[\"no-videos\"]", "[\"no-video\"]"));
  seen.check("more copies than log servers", config_with("[\"n1\", \"n2\", \"n3\"]", "[\"n3\"]"));
  seen.check("a sequencer that has not the role", config_with("[\"sequencer\", \"log-server\"]", "[\"log-server\"]"));
  seen.check("a log server that has not the role", config_with("[\"sequencer\", \"log-server\"]", "[\"sequencer\"]"));
  seen.check("a budget below one message", config_with("memory-budget = \"256MiB\"", "memory-budget = \"16MiB\""));
  seen.check("a budget of the sequencer below one message",
             config_with("in-flight-bytes = \"128MiB\"\nproducer-in-flight-bytes = \"64MiB\"",
                         "in-flight-bytes = \"8MiB\"\nproducer-in-flight-bytes = \"64MiB\""));
  seen.check("two peers of one name", config_with("name = \"n2\"", "name = \"n1\""));
  seen.check("two transports of one plugin", config_with("plugin = \"inmemory\"", "plugin = \"tcp\""));
  seen.check_approved("config-values");
}

TEST_CASE("wrong input: addresses of a configuration") {
  transcript seen;
  const std::string listen = "listen = \"tcp://127.0.0.1:7103\"";
  seen.check("a listener off loopback", config_with(listen, "listen = \"tcp://0.0.0.0:7103\""));
  seen.check("a listener without a scheme", config_with(listen, "listen = \"127.0.0.1:7103\""));
  seen.check("a listener without a port", config_with(listen, "listen = \"tcp://127.0.0.1\""));
  seen.check("a listener of another plugin's scheme", config_with(listen, "listen = \"zeromq+tcp://127.0.0.1:7103\""));
  seen.check("a peer that no transport reaches",
             config_with("address = \"tcp://127.0.0.1:7101\"", "address = \"zeromq+tcp://127.0.0.1:7101\""));
  seen.check("a peer with a port that is none",
             config_with("address = \"tcp://127.0.0.1:7101\"", "address = \"tcp://127.0.0.1:71011\""));
  seen.check_approved("config-addresses");
}

TEST_CASE("wrong input: parameters of plugins") {
  transcript seen;
  seen.check("one that does not exist, and one that is near", config_with("backlog = 64", "backlock = 64"));
  seen.check("one out of range", config_with("backlog = 64", "backlog = 0"));
  seen.check("one of another type", config_with("backlog = 64", "backlog = \"many\""));
  seen.check("a unit that is not exact", config_with("backlog = 64", "queue-bytes = \"64MB\""));
  seen.check("a list", config_with("backlog = 64", "backlog = [64]"));
  seen.check("of a size policy",
             config_with("plugin = \"reject\"\n", "plugin = \"reject\"\n[size-policy.params]\nlimit = \"1MB\"\n"));
  seen.check_approved("config-params");
}

TEST_CASE("wrong input: the configuration's file") {
  transcript seen;
  seen.run("a file that is not there", {"outsized", "--config", seen.folder() / "nowhere.toml", "--check"});
  seen.run("a folder", {"outsized", "--config", seen.folder().path(), "--check"});
  const std::string secret = seen.file("secret.toml", right_config());
  std::filesystem::permissions(secret, std::filesystem::perms::none);
  seen.run_without_powers("a file that may not be read", {"outsized", "--config", secret, "--check"});
  seen.run("an empty file", {"outsized", "--config", seen.file("empty.toml", ""), "--check"});
  seen.check_approved("config-file");
}
