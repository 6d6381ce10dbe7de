#include "commands.hpp"

#include <type_traits>

namespace outsize::host {
namespace {

template <class Command> constexpr bool needs_no_session =
    std::is_same_v<Command, status_command> || std::is_same_v<Command, plugin_list_command> ||
    std::is_same_v<Command, plugin_inspect_command> || std::is_same_v<Command, plugin_params_command>;

template <class Command> int run_with_session(const Command &what, const common_options &common, console &to) {
  std::variant<node_addresses, problem> addresses = addresses_of(common);
  if (const auto *const why = std::get_if<problem>(&addresses); why != nullptr) {
    return to.unopened(*why);
  }
  auto opened = session::open(common, std::get<node_addresses>(std::move(addresses)));
  if (const auto *const why = std::get_if<problem>(&opened); why != nullptr) {
    return to.unopened(*why);
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
  return to.ok() ? done : to.say_broken();
}

} // namespace outsize::host
