// What goes in and out of the tool: pipes, empty records, files that do not say their size, outputs that fail.
#include "one_node.hpp"

#include <outsize/suite/catch.hpp>

using namespace outsize::test;

namespace {

const std::string shell = "/bin/sh";

/// The tool with its stdout sent elsewhere by a shell: `to` is a redirection or a pipe.
std::vector<std::string> sending_output(const std::string &to) {
  return {shell, "-c", "\"$@\" " + to, "sh"};
}

nlohmann::json first_object(const child_process::output &said) {
  return nlohmann::json::parse(lines_of(said.out).front());
}

} // namespace

TEST_CASE("surface input: an empty record is a record") {
  one_node at;
  const child_process::output said = at.run({"append", "orders", "--json"}, at.file("empty", ""));
  CHECK(said.exit_code == 0);
  CHECK(first_object(said).at("bytes") == 0);
  const nlohmann::json read = first_object(at.run({"read", "orders", "--json"}));
  CHECK(read.at("bytes") == 0);
  CHECK(read.at("sha256") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("surface input: a file of /proc, which says that it is empty, is appended whole") {
  one_node at;
  REQUIRE(at.run({"append", "orders", "/proc/version"}).exit_code == 0);
  CHECK(at.run({"read", "orders"}).out.rfind("Linux version ", 0) == 0);
}

TEST_CASE("surface input: what comes through a pipe is one record, key and headers with it") {
  one_node at;
  REQUIRE(at.run({"append", "orders", "--key", "k1", "--header", "kind=note", "--header", "from=a=b"}, "/dev/null",
                 {shell, "-c", "printf 'to be, or not to be' | \"$@\"", "sh"})
              .exit_code == 0);
  const nlohmann::json read = first_object(at.run({"read", "orders", "--json"}));
  CHECK(read.at("payload") == "dG8gYmUsIG9yIG5vdCB0byBiZQ==");
  CHECK(read.at("key") == "k1");
  CHECK(read.at("headers") ==
        nlohmann::json::parse(R"([{"name": "kind", "value": "note"}, {"name": "from", "value": "a=b"}])"));
}

TEST_CASE("surface input: a producer's name is known to the log, and its records are in order") {
  one_node at;
  REQUIRE(at.run({"append", "orders", at.file("a", "1"), at.file("b", "2"), "--producer", "p1"}).exit_code == 0);
  const std::vector<std::string> lines = lines_of(at.run({"read", "orders", "--json"}).out);
  REQUIRE(lines.size() == 2);
  CHECK(nlohmann::json::parse(lines[0]).at("producer") == "p1");
  CHECK(nlohmann::json::parse(lines[0]).at("sequence") == 1);
  CHECK(nlohmann::json::parse(lines[1]).at("sequence") == 2);
}

TEST_CASE("surface output: payloads to stdout unchanged, or one file each") {
  one_node at;
  REQUIRE(at.run({"append", "orders", at.file("a", "one\n"), at.file("b", "two")}).exit_code == 0);
  CHECK(at.run({"read", "orders"}).out == "one\ntwo");
  CHECK(at.run({"read", "orders", "--from", "2", "--to", "2"}).out == "two");
  CHECK(at.run({"read", "orders", "--count", "1"}).out == "one\n");
  const std::string folder = at.path("made/here");
  CHECK(at.run({"read", "orders", "--output-dir", folder}).out ==
        "orders 1: 4 bytes, " + folder + "/1\norders 2: 3 bytes, " + folder + "/2\n");
}

TEST_CASE("surface output: a full disk under stdout is told, and is a failure") {
  one_node at;
  REQUIRE(at.run({"append", "orders", at.file("a", "one")}).exit_code == 0);
  for (const std::vector<std::string> &command : std::vector<std::vector<std::string>>{
           {"read", "orders"}, {"read", "orders", "--json"}, {"status"}, {"log", "list"}, {"plugin", "list"}}) {
    INFO(command.front());
    const child_process::output said = at.run(command, "/dev/null", sending_output("> /dev/full"));
    CHECK(said.exit_code == 1);
    CHECK(said.err == "disk_full: the output cannot be written: No space left on device (stdout; write it to another "
                      "place)\n");
  }
}

TEST_CASE("surface output: an append whose answers nobody can read stops and says what was acknowledged") {
  one_node at;
  // A producer's records go one by one: the second one is not sent before the answer to the first cannot be written.
  const child_process::output said =
      at.run({"append", "orders", at.file("a", "one"), at.file("b", "two"), "--producer", "p1"}, "/dev/null",
             sending_output("> /dev/full"));
  CHECK(said.exit_code == 1);
  CHECK(lines_of(said.err).front() ==
        "storage_failed: the append ended: its answers cannot be written (1 of 2 records acknowledged, 0 failed, 0 in "
        "doubt; log orders; append again what is not acknowledged)");
  CHECK(at.records_committed() == 1);
}

TEST_CASE("surface output: a reader that has gone ends the tool quietly") {
  one_node at;
  REQUIRE(at.run({"append", "orders", at.file("a", std::string(200'000, 'x')), at.file("b", "two")}).exit_code == 0);
  const child_process::output said = at.run({"read", "orders", "--json"}, "/dev/null", sending_output("| head -c 1"));
  CHECK(said.out == "{");
  CHECK(said.err.empty());
}
