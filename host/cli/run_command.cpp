#include "commands.hpp"

#include <type_traits>

namespace outsize::host {
namespace {

template <class Command> constexpr bool needs_no_session =
    std::is_same_v<Command, status_command> || std::is_same_v<Command, plugin_list_command> ||
    std::is_same_v<Command, plugin_inspect_command> || std::is_same_v<Command, plugin_params_command>;

template <class Command> int run_with_session(const Command &what, const common_options &common, console &to) {
  std::variant<std::vector<std::string>, problem> addresses = addresses_of(common);
  if (const auto *const why = std::get_if<problem>(&addresses); why != nullptr) {
    return to.failed(*why);
  }
  auto opened = session::open(common, std::get<std::vector<std::string>>(std::move(addresses)));
  if (const auto *const why = std::get_if<problem>(&opened); why != nullptr) {
    return to.failed(*why);
  }
  return run(what, common, *std::get<std::unique_ptr<session>>(opened), to);
}

} // namespace

int run_command(const invocation &asked) {
  console to(asked.common.json);
  const int done = std::visit(
      [&]<class Command>(const Command &what) {
        if constexpr (needs_no_session<Command>) {
          return run(what, asked.common, to);
        } else {
          return run_with_session(what, asked.common, to);
        }
      },
      asked.what);
  return done == exit_done && !to.ok() ? exit_refused : done;
}

} // namespace outsize::host
