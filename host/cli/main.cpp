// outsize: the tool of operators and users.
#include "host/cli/commands.hpp"
#include "host/cli/interrupt.hpp"
#include "host/cli/parser.hpp"

#include <cstdio>
#include <exception>
#include <string>
#include <variant>

namespace {

using namespace outsize::host;

int obey(int count, char **arguments) {
  const auto parsed = parse_command_line(count, arguments);
  if (const auto *const text = std::get_if<asked_text>(&parsed); text != nullptr) {
    std::fputs(text->text.c_str(), stdout);
    return exit_done;
  }
  if (const auto *const wrong = std::get_if<problem>(&parsed); wrong != nullptr) {
    std::fputs((to_line(*wrong) + "\n").c_str(), stderr);
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
