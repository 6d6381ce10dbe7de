// What the command line means. What is said about a wrong one is compared in tests/integration/wrong_input.
#include "host/cli/parser.hpp"

#include <catch2/catch.hpp>

#include <vector>

using namespace outsize;
using namespace outsize::host;

namespace {

std::variant<invocation, asked_text, problem> parse(std::vector<const char *> words) {
  words.insert(words.begin(), "outsize");
  return parse_command_line(static_cast<int>(words.size()), words.data());
}

invocation parsed(const std::vector<const char *> &words) {
  auto made = parse(words);
  if (const auto *const why = std::get_if<problem>(&made); why != nullptr) {
    FAIL(to_line(*why));
  }
  return std::get<invocation>(std::move(made));
}

bool is_wrong(const std::vector<const char *> &words) {
  const auto made = parse(words);
  return std::holds_alternative<problem>(made);
}

} // namespace

TEST_CASE("command line: append with everything") {
  const invocation asked = parsed({"append", "orders", "a.txt", "-", "--key", "", "--header", "kind=a=b", "--header",
                                   "empty=", "--producer", "p1", "--json", "--connect", "tcp://127.0.0.1:1",
                                   "--connect", "tcp://127.0.0.1:2", "--timeout", "250ms"});
  const auto &what = std::get<append_command>(asked.what);
  CHECK(what.log == "orders");
  CHECK(what.files == std::vector<std::string>{"a.txt", "-"});
  CHECK(what.key == std::optional<std::string>(""));
  CHECK(what.headers == std::vector<std::pair<std::string, std::string>>{{"kind", "a=b"}, {"empty", ""}});
  CHECK(what.producer == "p1");
  CHECK(asked.common.json);
  CHECK(asked.common.connect.size() == 2);
  CHECK(asked.common.timeout == std::chrono::milliseconds(250));
}

TEST_CASE("command line: append without files reads stdin, and without --key has no key") {
  const auto what = std::get<append_command>(parsed({"append", "orders"}).what);
  CHECK(what.files == std::vector<std::string>{"-"});
  CHECK_FALSE(what.key.has_value());
}

TEST_CASE("command line: offsets of read (the smallest, the largest, one above)") {
  CHECK(std::get<read_command>(parsed({"read", "orders", "--from", "0"}).what).from == 0);
  CHECK(std::get<read_command>(parsed({"read", "orders", "--to", "18446744073709551614"}).what).to == UINT64_MAX - 1);
  CHECK(is_wrong({"read", "orders", "--to", "18446744073709551615"}));
  CHECK(is_wrong({"read", "orders", "--from", "1.5"}));
  CHECK(is_wrong({"read", "orders", "--from", " 1"}));
  CHECK_FALSE(is_wrong({"read", "orders", "--from", "7", "--to", "7"}));
  CHECK(is_wrong({"read", "orders", "--from", "8", "--to", "7"}));
}

TEST_CASE("command line: what each command needs") {
  CHECK(std::get<log_create_command>(parsed({"log", "create", "x", "--nodeset", "n1,n2", "--policies", "a,b"}).what)
            .nodeset == std::vector<std::string>{"n1", "n2"});
  CHECK(std::get<bench_command>(parsed({"bench", "--log", "x", "--in-flight", "65536"}).what).in_flight == 65536);
  CHECK(is_wrong({"bench", "--log", "x", "--in-flight", "65537"}));
  CHECK(is_wrong({"bench"}));
  CHECK(is_wrong({"digest"}));
  CHECK(is_wrong({}));
  CHECK(std::holds_alternative<asked_text>(parse({"log", "create", "--help"})));
  CHECK(std::holds_alternative<asked_text>(parse({"--version"})));
}

TEST_CASE("command line: spilled payloads are listed and verified by log") {
  CHECK(std::get<blob_list_command>(parsed({"blob", "list", "orders"}).what).log == "orders");
  CHECK(std::get<blob_verify_command>(parsed({"blob", "verify", "orders", "--json"}).what).log == "orders");
  CHECK(is_wrong({"blob", "list"}));
  CHECK(is_wrong({"blob"}));
  CHECK(is_wrong({"blob", "verify", "orders", "payments"}));
}
