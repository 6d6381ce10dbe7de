// What the programs say about arguments that mean nothing. No node runs.
#include "configs.hpp"
#include "transcript.hpp"

#include <outsize/suite/catch.hpp>

#include <fmt/format.h>

using namespace outsize::test;

TEST_CASE("wrong input: arguments of outsized") {
  transcript seen;
  seen.run("none", {"outsized"});
  seen.run("a flag that does not exist, and one that is near", {"outsized", "--confg", "n1.toml"});
  seen.run("a flag without its value", {"outsized", "--config"});
  seen.run("a word", {"outsized", "start"});
  seen.check_approved("arguments-outsized");
}

TEST_CASE("wrong input: commands and flags of outsize") {
  transcript seen;
  seen.run("none", {"outsize"});
  seen.run("a command that does not exist, and one that is near", {"outsize", "apend", "orders"});
  seen.run("a command that is near to nothing", {"outsize", "frobnicate"});
  seen.run("a group without a command", {"outsize", "log"});
  seen.run("a command of a group that does not exist", {"outsize", "log", "cretae", "orders"});
  seen.run("no log", {"outsize", "append"});
  seen.run("a flag that does not exist, and one that is near", {"outsize", "read", "orders", "--form", "1"});
  seen.run("a flag without its value", {"outsize", "read", "orders", "--from"});
  seen.run("a flag of another command", {"outsize", "status", "--follow"});
  seen.run("for a program that reads JSON", {"outsize", "read", "orders", "--form", "1", "--json"});
  seen.check_approved("arguments-outsize");
}

TEST_CASE("wrong input: values of flags") {
  transcript seen;
  seen.run("an offset that is no number", {"outsize", "read", "orders", "--from", "first"});
  seen.run("an offset below 0", {"outsize", "read", "orders", "--from", "-1"});
  seen.run("an offset above 64 bits", {"outsize", "read", "orders", "--to", "99999999999999999999"});
  seen.run("an offset that is empty", {"outsize", "read", "orders", "--from", ""});
  seen.run("bounds the wrong way round", {"outsize", "read", "orders", "--from", "9", "--to", "3"});
  seen.run("no record at all", {"outsize", "read", "orders", "--count", "0"});
  seen.run("a size with a unit that is not exact", {"outsize", "log", "create", "x", "--message-limit", "8MB"});
  seen.run("a size below 0", {"outsize", "log", "create", "x", "--message-limit", "-8MiB"});
  seen.run("a mix of sizes", {"outsize", "bench", "--log", "x", "--size", "1KiB:90;1MiB:10"});
  seen.run("a concurrency of nothing", {"outsize", "bench", "--log", "x", "--in-flight", "0"});
  seen.run("a time without a unit", {"outsize", "status", "--timeout", "5"});
  seen.run("no time at all", {"outsize", "status", "--timeout", "0s"});
  seen.run("a header without a value", {"outsize", "append", "orders", "--header", "kind"});
  seen.run("a header without a name", {"outsize", "append", "orders", "--header", "=video"});
  seen.run("for a program that reads JSON", {"outsize", "read", "orders", "--from", "first", "--json"});
  seen.check_approved("arguments-values");
}

TEST_CASE("wrong input: where to connect") {
  transcript seen;
  const std::string nobody = fmt::format("tcp://127.0.0.1:{}", seen.ports().port(0));
  seen.run("nobody listens there", {"outsize", "log", "list", "--connect", nobody, "--timeout", "200ms"});
  seen.run("the same for a program that reads JSON",
           {"outsize", "log", "list", "--connect", nobody, "--timeout", "200ms", "--json"});
  seen.run("nobody listens at either", {"outsize", "append", "orders", "--connect", nobody, "--connect",
                                        fmt::format("tcp://127.0.0.1:{}", seen.ports().port(1)), "--timeout", "200ms"});
  seen.run("no address", {"outsize", "status", "--connect", "localhost"});
  seen.run("an address without a port", {"outsize", "status", "--connect", "tcp://127.0.0.1"});
  seen.run("a port that is none", {"outsize", "status", "--connect", "tcp://127.0.0.1:71011"});
  seen.run("a scheme that no plugin serves", {"outsize", "status", "--connect", "udp://127.0.0.1:7101"});
  seen.run("a configuration that is not there", {"outsize", "status", "--config", seen.folder() / "nowhere.toml"});
  const std::string wrong = seen.file("node1.toml", config_with("\"32MiB\"", "\"32MB\""));
  seen.run("a configuration that is wrong", {"outsize", "status", "--config", wrong});
  seen.check_approved("connect");
}
