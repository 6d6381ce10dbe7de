// Ctrl-C: the command ends with 130 and says what was acknowledged. SIGTERM: the node drains and ends with 0.
#include "../support/await.hpp"
#include "one_node.hpp"

#include <outsize/suite/catch.hpp>

#include <csignal>

using namespace outsize;
using namespace outsize::test;

TEST_CASE("surface interrupt: append says how many records are acknowledged") {
  one_node at;
  const auto tool = at.begin({"append", "orders", at.file("a", "one"), at.file("b", "two"), at.pipe("never-ends")});
  for (int answers = 0; answers < 2; ++answers) {
    const std::optional<std::string> line = tool->read_line(steady_now() + patience);
    REQUIRE(line.has_value());
    CHECK(line->find(": 3 bytes, inline, ") != std::string::npos);
  }
  tool->signal(SIGINT);
  const auto said = tool->collect(steady_now() + patience);
  REQUIRE(said.has_value());
  CHECK(said->exit_code == 130);
  CHECK(said->err == "interrupted: the append was interrupted (2 of 3 records acknowledged, 0 failed, 0 in doubt; log "
                     "orders; append again what is not acknowledged)\n");
}

TEST_CASE("surface interrupt: append from a pipe sends nothing of what it has not read to the end") {
  one_node at;
  const auto tool = at.begin({"append", "orders", at.file("a", "one"), "-"}, at.pipe("stdin"));
  REQUIRE(tool->read_line(steady_now() + patience).has_value()); // it runs, and the pipe is next
  tool->signal(SIGINT);
  const auto said = tool->collect(steady_now() + patience);
  REQUIRE(said.has_value());
  CHECK(said->exit_code == 130);
  CHECK(at.records_committed() == 1);
}

TEST_CASE("surface interrupt: read says where to go on") {
  one_node at;
  REQUIRE(at.run({"append", "orders", at.file("a", "one"), at.file("b", "two")}).exit_code == 0);
  const auto tool = at.begin({"read", "orders", "--follow", "--json"});
  REQUIRE(tool->read_line(steady_now() + patience).has_value());
  REQUIRE(tool->read_line(steady_now() + patience).has_value());
  tool->signal(SIGINT);
  const auto said = tool->collect(steady_now() + patience);
  REQUIRE(said.has_value());
  CHECK(said->exit_code == 130);
  const nlohmann::json last = nlohmann::json::parse(lines_of(said->out).back());
  CHECK(last.at("code") == "interrupted");
  CHECK(last.at("value") == "2 records read");
  CHECK(last.at("remedy") == "go on with --from 3");
}

TEST_CASE("surface interrupt: bench gives its figures and says that it was cut short") {
  one_node at;
  const auto tool = at.begin({"bench", "--log", "orders", "--seconds", "600"});
  await("the bench has appended something", [&] { return at.records_committed() > 0; });
  tool->signal(SIGINT);
  const auto said = tool->collect(steady_now() + patience);
  REQUIRE(said.has_value());
  CHECK(said->exit_code == 130);
  CHECK(said->out.find(" records/s") != std::string::npos);
  CHECK(said->err.rfind("interrupted: the bench was interrupted (", 0) == 0);
  CHECK(said->err.find(" records acknowledged, 0 refused, ") != std::string::npos);
}

TEST_CASE("surface SIGTERM: a node under load drains and ends with 0, what was acknowledged is there afterwards") {
  one_node at;
  const auto tool = at.begin({"bench", "--log", "orders", "--seconds", "600", "--timeout", "1s", "--json"});
  await("the bench has appended something", [&] { return at.records_committed() > 0; });
  CHECK(at.node().end(SIGTERM) == 0);
  tool->signal(SIGINT);
  const auto said = tool->collect(steady_now() + patience);
  REQUIRE(said.has_value());
  const auto acknowledged = nlohmann::json::parse(lines_of(said->out).front()).at("records").get<std::uint64_t>();
  CHECK(at.node().log().find("event=stopped") != std::string::npos);
  at.restart();
  const child_process::output all = at.run({"read", "orders", "--json", "--no-payload"});
  CHECK(lines_of(all.out).size() >= acknowledged);
  CHECK(acknowledged > 0);
}
