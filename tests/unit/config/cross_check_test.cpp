#include "config_text.hpp"

using namespace outsize;
using namespace outsize::test;

TEST_CASE("config restate small-budget: a log server's budget below one legal message names both keys") {
  CHECK(problem_lines(config_with("\"256MiB\"", "\"33554431B\"")) ==
        lines{"budget_too_small: log-server.memory-budget is below one legal message, node.message-limit (33554431B; "
              "n3.toml:11; at least 32MiB; raise log-server.memory-budget or lower node.message-limit)"});
  CHECK(problem_lines(config_with("\"256MiB\"", "\"32MiB\"")).empty());
}

TEST_CASE("config: a sequencer's budgets hold one legal message, and the producer's fits into the log's") {
  CHECK(problem_lines(config_with("\"64MiB\"", "\"33554431B\"")) ==
        lines{"budget_too_small: sequencer.producer-in-flight-bytes is below one legal message, node.message-limit "
              "(33554431B; n3.toml:15; at least 32MiB; raise sequencer.producer-in-flight-bytes or lower "
              "node.message-limit)"});
  CHECK(problem_lines(config_with("\"64MiB\"", "\"129MiB\"")) ==
        lines{"bad_config: sequencer.producer-in-flight-bytes is above sequencer.in-flight-bytes (129MiB; n3.toml:15; "
              "at most 128MiB; lower the first or raise the second)"});
}

TEST_CASE("config: budgets of roles that the node has not are not looked at") {
  std::string text = config_with("\"256MiB\"", "\"16MiB\"");
  const auto exchange = [&text](const std::string &old_text, const std::string &new_text) {
    text.replace(text.find(old_text), old_text.size(), new_text);
  };
  exchange("[\"sequencer\", \"log-server\"]", "[]");
  exchange("sequencer = \"n3\"", "sequencer = \"n1\"");
  exchange("[\"n1\", \"n2\", \"n3\"]", "[\"n1\", \"n2\"]");
  CHECK(problem_lines(text).empty());
}

TEST_CASE("config: what a log asks of this node, the node's roles must offer") {
  CHECK(problem_lines(config_with("[\"sequencer\", \"log-server\"]", "[\"log-server\"]")) ==
        lines{"bad_config: log.sequencer is this node, which does not have the role \"sequencer\" (\"n3\"; n3.toml:51; "
              "add the "
              "role at n3.toml:6, or name another node)"});
  CHECK(problem_lines(config_with("[\"sequencer\", \"log-server\"]", "[\"sequencer\"]")) ==
        lines{"bad_config: log.nodeset has this node, which does not have the role \"log-server\" (\"n3\"; n3.toml:52; "
              "add the "
              "role at n3.toml:6, or remove the node)"});
}

TEST_CASE("config: node, metadata, sequencer and nodeset must be peers") {
  CHECK(problem_lines(config_with("name = \"n3\"\nroles", "name = \"n4\"\nroles")) ==
        lines{"bad_config: node.name names no peer (\"n4\"; n3.toml:5; one of n1, n2, n3; write \"n1\")"});
  CHECK(problem_lines(config_with("[metadata]\nnode = \"n3\"", "[metadata]\nnode = \"x\"")) ==
        lines{"bad_config: metadata.node names no peer (\"x\"; n3.toml:42; one of n1, n2, n3; add the peer, or correct "
              "the name)"});
  CHECK(problem_lines(config_with("sequencer = \"n3\"", "sequencer = \"m3\"")).size() == 1);
  CHECK(problem_lines(config_with("[\"n1\", \"n2\", \"n3\"]", "[\"n1\", \"n2\", \"m3\"]")).size() == 1);
}

TEST_CASE("config: a log's policies must be configured") {
  CHECK(problem_lines(config_with("policies = [\"reject-above-8M\"]", "policies = [\"reject\"]")) ==
        lines{"bad_config: log.policies names no [[size-policy]] (\"reject\"; n3.toml:53; one of reject-above-8M; add "
              "the [[size-policy]], or correct the name)"});
}

TEST_CASE("config: the blob store that a size policy names must be configured") {
  const std::string spill = "plugin = \"spill\"\n[size-policy.params]\nblob-store = \"archive\"\n";
  const std::string store = "\n[[blob-store]]\nname = \"NAME\"\nplugin = \"blob-file\"\n";
  const std::string old_text = "plugin = \"reject\"\napplies-above = \"8MiB\"\n";
  CHECK(problem_lines(config_with(old_text, spill)) ==
        lines{"bad_config: size-policy.params.blob-store names no [[blob-store]] (\"archive\"; n3.toml:48; there is no "
              "[[blob-store]]; add the [[blob-store]], or correct the name)"});
  std::string other = store;
  CHECK(problem_lines(config_with(old_text, spill + other.replace(other.find("NAME"), 4, "archives"))) ==
        lines{"bad_config: size-policy.params.blob-store names no [[blob-store]] (\"archive\"; n3.toml:48; one of "
              "archives; write \"archives\")"});
  std::string right = store;
  CHECK(problem_lines(config_with(old_text, spill + right.replace(right.find("NAME"), 4, "archive"))).empty());
}

TEST_CASE("config: more copies than log servers") {
  CHECK(problem_lines(config_with("[\"n1\", \"n2\", \"n3\"]", "[\"n3\"]")) ==
        lines{"bad_config: log.nodeset of \"orders\" has fewer members than copies are asked for (1 of 2; n3.toml:52; "
              "at least 2; add log servers, or lower replication at n3.toml:1)"});
  CHECK(problem_lines(config_with("[\"n1\", \"n2\", \"n3\"]", "[\"n1\", \"n3\"]")).empty());
}

TEST_CASE("config: a listener off loopback needs a word from the operator") {
  CHECK(problem_lines(config_with("listen = \"tcp://127.0.0.1:7103\"", "listen = \"tcp://0.0.0.0:7103\"")) ==
        lines{"bad_config: transport.listen is off loopback, and nobody is authenticated yet (\"tcp://0.0.0.0:7103\"; "
              "n3.toml:22; 127.0.0.0/8, ::1 or localhost; listen on loopback, or set insecure-listen = true in [node] "
              "on a network you trust)"});
  std::string allowed = config_with("listen = \"tcp://127.0.0.1:7103\"", "listen = \"tcp://0.0.0.0:7103\"");
  allowed.replace(allowed.find("data-dir"), 0, "insecure-listen = true\n");
  CHECK(problem_lines(allowed).empty());
}

TEST_CASE("config: which addresses are of this machine only") {
  CHECK(host::is_loopback("tcp://127.0.0.1:1"));
  CHECK(host::is_loopback("tcp://127.1.2.3:1"));
  CHECK(host::is_loopback("tcp://[::1]:1"));
  CHECK(host::is_loopback("tcp://localhost:1"));
  CHECK(host::is_loopback("inmemory://n3"));
  CHECK_FALSE(host::is_loopback("tcp://127.evil.example:1"));
  CHECK_FALSE(host::is_loopback("tcp://[::]:1"));
  CHECK_FALSE(host::is_loopback("tcp://*:1"));
  CHECK_FALSE(host::is_loopback("tcp://:1"));
  CHECK_FALSE(host::is_loopback("tcp://128.0.0.1:1"));
}

TEST_CASE("config: names that are used twice") {
  CHECK(
      problem_lines(right_config() + "[[log]]\nname = \"orders\"\nsequencer = \"n3\"\nnodeset = [\"n1\", \"n2\"]\n") ==
      lines{"bad_config: two sections [[log]] have the same name (\"orders\"; n3.toml:55; rename or remove one of "
            "them)"});
  CHECK(
      problem_lines(right_config() + "[[transport]]\nplugin = \"tcp\"\n") ==
      lines{"bad_config: two sections [[transport]] use the same plugin (\"tcp\"; n3.toml:55; remove one of them: one "
            "instance serves all links)"});
  CHECK(problem_lines(config_with("[\"n1\", \"n2\", \"n3\"]", "[\"n1\", \"n1\", \"n3\"]")) ==
        lines{"bad_config: log.nodeset names the same thing twice (\"n1\"; n3.toml:52; remove one of the two)"});
}
