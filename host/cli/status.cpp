// outsize status: what each node sees.
#include "commands.hpp"

#include "host/cli/cluster_text.hpp"
#include "host/cli/interrupt.hpp"

#include <nlohmann/json.hpp>

namespace outsize::host {
namespace {

using nlohmann::ordered_json;

int show_one(const node_addresses &one, const common_options &common, console &to) {
  auto opened = session::open(common, one);
  if (const auto *const why = std::get_if<problem>(&opened); why != nullptr) {
    return to.unopened(*why);
  }
  const result<std::string> answer = std::get<std::unique_ptr<session>>(opened)->client().command("status", "{}");
  if (!answer) {
    return to.failed(said_by_node(answer.error()));
  }
  const ordered_json node = ordered_json::parse(*answer, nullptr, false);
  if (!node.is_object()) {
    return to.failed(make_error(code::malformed, "the node's status is not a JSON object"));
  }
  if (to.json()) {
    to.object(node);
  } else {
    to.text(status_text(node));
  }
  return exit_done;
}

} // namespace

int run(const status_command & /*what*/, const common_options &common, console &to) {
  const std::variant<node_addresses, problem> addresses = addresses_of(common);
  if (const auto *const why = std::get_if<problem>(&addresses); why != nullptr) {
    return to.unopened(*why);
  }
  int done = exit_done;
  const auto &[list, source] = std::get<node_addresses>(addresses);
  for (std::size_t i = 0; i < list.size() && !interrupted(); ++i) {
    const int one = show_one({{list[i]}, source}, common, to);
    done = one == exit_done ? done : one;
  }
  return done;
}

} // namespace outsize::host
