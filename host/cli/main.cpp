// outsize: the tool of operators and users.
#include "host/cli/commands.hpp"
#include "host/cli/interrupt.hpp"
#include "host/cli/parser.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string_view>
#include <variant>

namespace {

using namespace outsize::host;

/// Of arguments that could not be parsed: whoever writes --json reads JSON, also when he wrote something else wrong.
bool asks_for_json(int count, char **arguments) {
  return std::any_of(arguments, arguments + count, [](const char *one) { return std::string_view(one) == "--json"; });
}

int obey(int count, char **arguments) {
  const auto parsed = parse_command_line(count, arguments);
  if (const auto *const text = std::get_if<asked_text>(&parsed); text != nullptr) {
    std::fputs(text->text.c_str(), stdout);
    return exit_done;
  }
  if (const auto *const wrong = std::get_if<problem>(&parsed); wrong != nullptr) {
    console(asks_for_json(count, arguments)).failed(*wrong);
    return exit_usage;
  }
  catch_interrupts();
  return run_command(std::get<invocation>(parsed));
}

} // namespace

int main(int count, char **arguments) {
  try {
    return obey(count, arguments);
  } catch (const std::exception &escaped) {
    std::fprintf(stderr, "internal: %s (report it)\n", escaped.what());
    return exit_refused;
  }
}
