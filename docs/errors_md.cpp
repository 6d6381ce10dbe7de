// Writes docs/errors.md from the table of error codes; with --check FILE compares instead.
//
//   errors-md > docs/errors.md
#include <outsize/error.hpp>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {

using outsize::code_facts;
using outsize::error_scope;

const std::vector<code_facts> &all_codes() {
  static const std::vector<code_facts> codes = {
#define ROW(name, number, retry, scope, cause, remedy) outsize::facts_of(outsize::code::name),
      OUTSIZE_ERROR_CODES(ROW)
#undef ROW
  };
  return codes;
}

std::string name_of(error_scope scope) {
  switch (scope) {
  case error_scope::record:
    return "record";
  case error_scope::link:
    return "link";
  case error_scope::peer:
    return "peer";
  case error_scope::log:
    return "log";
  case error_scope::node:
    return "node";
  case error_scope::cluster:
    return "cluster";
  }
  return "?";
}

constexpr const char *introduction =
    R"(<!-- Made by docs/errors_md.cpp from sdk/include/outsize/abi/error_codes.h; do not edit. -->
# Error codes

Every failure that Outsize reports, in a refusal, on stderr, in a log line or over the plugin ABI, carries one of these
codes. On stderr it reads `code: text (value; place; limit; remedy)`; with `--json` it is the refusal object.

**retry** is the one answer to "may this be tried again?", the same for every program that asks:

| retry | meaning |
|---|---|
| never | The same call fails again. Do not send it again. |
| after-change | It can pass once somebody has changed something: configuration, a name, a permission. |
| later | The same call may pass later. |
| reconnect | It may pass on a new link, which is opened by itself. |

**scope** is what the failure is about; everything outside of it is unharmed. A code that is about a size also carries
`actual_bytes` and `limit_bytes`, and a refused append says in `limit_source` whose limit it is. Numbers are on the
wire and on disk: they never change and are never used twice.

| number | code | retry | scope | cause | remedy |
|---|---|---|---|---|---|
)";

std::string page() {
  std::string text = introduction;
  for (const code_facts &facts : all_codes()) {
    text += "| " + std::to_string(static_cast<std::uint32_t>(facts.value)) + " | `" + std::string(facts.name) + "` | " +
            std::string(outsize::name_of(facts.retry)) + " | " + name_of(facts.scope) + " | " +
            std::string(facts.cause) + " | " + std::string(facts.remedy) + " |\n";
  }
  return text;
}

int check(const char *file) {
  std::ostringstream found;
  found << std::ifstream(file).rdbuf();
  if (found.str() == page()) {
    return 0;
  }
  std::fprintf(stderr, "%s is not what the table of error codes says; write it anew: errors-md > docs/errors.md\n",
               file);
  return 1;
}

} // namespace

int main(int argc, char **argv) {
  if (argc == 3 && std::string(argv[1]) == "--check") {
    return check(argv[2]);
  }
  if (argc != 1) {
    std::fputs("usage: errors-md [--check FILE]\n", stderr);
    return 2;
  }
  return std::fputs(page().c_str(), stdout) < 0 ? 1 : 0;
}
