#include "config_text.hpp"

using namespace outsize;
using namespace outsize::test;

namespace {
constexpr std::uint64_t mib = 1024 * 1024;

host::config read_right(const std::string &text) {
  host::config_reading reading = host::read_config_text(text, "/etc/outsize/n3.toml");
  for (const host::problem &wrong : reading.problems) {
    INFO(host::to_line(wrong));
    CHECK(false);
  }
  return std::move(reading.value);
}
} // namespace

TEST_CASE("config: every value of a right file is read, with its line") {
  const host::config made = read_right(right_config());
  CHECK(made.cluster.name.value == "demo");
  CHECK(made.node.has_role("log-server"));
  CHECK(made.node.message_limit.value == 32 * mib);
  CHECK(made.node.message_limit.where.text() == "/etc/outsize/n3.toml:8");
  CHECK(made.sequencer.in_flight_bytes.value == 128 * mib);
  REQUIRE(made.transports.size() == 2);
  CHECK(made.transports[0].listen.value == "tcp://127.0.0.1:7103");
  REQUIRE(made.transports[0].params.size() == 1);
  CHECK(made.transports[0].params[0].name == "io-threads");
  CHECK(std::get<std::int64_t>(made.transports[0].params[0].value) == 1);
  CHECK(made.transports[0].params[0].where.line == 24);
  REQUIRE(made.peer("n2") != nullptr);
  CHECK(made.peer("n2")->address.value == "tcp://127.0.0.1:7102");
  REQUIRE(made.logs.size() == 1);
  CHECK(made.logs[0].nodeset.value == lines{"n1", "n2", "n3"});
  CHECK(made.size_policies[0].applies_above.value == 8 * mib);
}

TEST_CASE("config: what is not written has its default") {
  const host::config made = read_right(config_with("message-limit = \"32MiB\"\n", ""));
  CHECK(made.cluster.replication.value == 2);
  CHECK_FALSE(made.cluster.replication.is_set);
  CHECK(made.node.message_limit.value == 32 * mib);
  CHECK(made.node.log_level.value == "info");
  CHECK(made.metadata.kind.value == "embedded");
  CHECK(made.sequencer.spread.value == "all");
  CHECK(made.sequencer.on_lower_limit.value == "set-aside");
  CHECK_FALSE(made.logs[0].message_limit.is_set);
}

TEST_CASE("config: relative paths start at the file's folder, absolute ones stay") {
  const host::config relative = read_right(right_config());
  CHECK(relative.node.data_dir.value == "/etc/outsize/data/n3");
  CHECK(relative.plugins.search_path.value == lines{"/etc/outsize/plugins"});
  const host::config absolute = read_right(config_with("\"data/n3\"", "\"/var/lib/n3\""));
  CHECK(absolute.node.data_dir.value == "/var/lib/n3");
}

TEST_CASE("config: an unknown key names the nearest one, file and line") {
  CHECK(problem_lines(config_with("message-limit", "mesage-limit")) ==
        lines{"bad_config: unknown key \"mesage-limit\" in [node] (n3.toml:8; write \"message-limit\", or remove it)"});
}

TEST_CASE("config: an unknown key that resembles none points to the page") {
  CHECK(problem_lines(config_with("data-dir", "zz = 1\ndata-dir")) ==
        lines{"bad_config: unknown key \"zz\" in [node] (n3.toml:7; remove it; docs/configuration.md lists the keys of "
              "[node])"});
}

TEST_CASE("config: an unknown section names the nearest one") {
  CHECK(problem_lines(config_with("[sequencer]", "[sequenser]")) ==
        lines{"bad_config: unknown section \"sequenser\" (n3.toml:13; write \"sequencer\", or remove it)"});
}

TEST_CASE("config: a wrong unit is named with the value and how to write it") {
  CHECK(problem_lines(config_with("\"32MiB\"", "\"32MB\"")) ==
        lines{"bad_config: node.message-limit is not a size (\"32MB\"; n3.toml:8; 4KiB to 1GiB; write a whole number "
              "and B, KiB, MiB, GiB or TiB, for instance 32MiB)"});
}

TEST_CASE("config: a wrong type is named with an example") {
  CHECK(problem_lines(config_with("\"32MiB\"", "true")) ==
        lines{"bad_config: node.message-limit must be a size (true; n3.toml:8; 4KiB to 1GiB; write it like \"32MiB\", "
              "in quotes)"});
  CHECK(problem_lines(config_with("name = \"demo\"", "name = \"demo\"\nreplication = \"2\"")) ==
        lines{"bad_config: cluster.replication must be a number (\"2\"; n3.toml:3; 1 to 7; write it like 2, without "
              "quotes)"});
  CHECK(problem_lines(config_with("[\"n1\", \"n2\", \"n3\"]", "\"n1\"")) ==
        lines{"bad_config: log.nodeset must be a list of names (\"n1\"; n3.toml:52; write it like [\"n1\", \"n2\"])"});
}

TEST_CASE("config: a value out of range is named with the range (one below, at, one above)") {
  CHECK(problem_lines(config_with("\"32MiB\"", "4095")) ==
        lines{"bad_config: node.message-limit is too small (4095; n3.toml:8; 4KiB to 1GiB; choose a value within the "
              "limits)"});
  CHECK(problem_lines(config_with("\"32MiB\"", "4096")).empty());
  CHECK(problem_lines(config_with("\"32MiB\"", "\"1GiB\"")).size() == 3); // the budgets are too small then
  CHECK(problem_lines(config_with("\"32MiB\"", "\"1073741825B\"")).front().find("is too large") != std::string::npos);
}

TEST_CASE("config: a wrong choice names the nearest and all") {
  CHECK(problem_lines(config_with("\"sequencer\", \"log-server\"", "\"sequencer\", \"logserver\"")) ==
        lines{"bad_config: node.roles is not one of its choices (\"logserver\"; n3.toml:6; one of sequencer, "
              "log-server; write \"log-server\")"});
}

TEST_CASE("config: a missing key and a missing section say what they are for") {
  CHECK(problem_lines(config_with("data-dir = \"data/n3\"\n", "")) ==
        lines{"bad_config: key \"data-dir\" is missing in [node] (n3.toml:4; add it: Everything the node keeps; made "
              "when missing, and locked.)"});
  CHECK(problem_lines(config_with("[metadata]\nnode = \"n3\"\n", "")) ==
        lines{"bad_config: section [metadata] is missing (n3.toml; add it: Who keeps the metadata: nodes, logs, "
              "chains, limits.)"});
}

TEST_CASE("config: one bracket where two belong") {
  const std::string text = config_with("[[size-policy]]", "[size-policy]");
  CHECK(problem_lines(text) == lines{"bad_config: \"size-policy\" must be repeated sections (n3.toml:44; write "
                                     "[[size-policy]], with two brackets)"});
}

TEST_CASE("config: all problems are told, not only the first") {
  std::string text = config_with("\"32MiB\"", "\"32MB\"");
  text.replace(text.find("\"64MiB\""), 7, "\"64MB\"");
  text.replace(text.find("address = "), 7, "adress");
  const lines told = problem_lines(text);
  CHECK(told.size() == 4); // two sizes, an unknown key and the key that is missing for it
}

TEST_CASE("config: what is not TOML is named with its line") {
  const lines told = problem_lines(config_with("[cluster]", "[cluster"));
  REQUIRE(told.size() == 1);
  CHECK(told[0].find("bad_config: ") == 0);
  CHECK(told[0].find("(n3.toml:1; correct the TOML at this line; texts and sizes stand in quotes)") !=
        std::string::npos);
}

TEST_CASE("config: a file that is not there is named") {
  const host::config_reading reading = host::read_config_file("/nonexistent/n3.toml");
  REQUIRE(reading.problems.size() == 1);
  CHECK(host::to_line(reading.problems[0]) == "bad_config: the configuration cannot be read: No such file or directory "
                                              "(/nonexistent/n3.toml; check the path given with --config)");
}

TEST_CASE("config: a folder in place of a file is named") {
  const host::config_reading reading = host::read_config_file("/");
  REQUIRE(reading.problems.size() == 1);
  CHECK(host::to_line(reading.problems[0]).find("bad_config: the configuration cannot be read: Is a directory") == 0);
}
