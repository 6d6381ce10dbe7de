// outsize log create, list, describe, tail.
#include "commands.hpp"

#include "host/cli/cluster_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace outsize::host {
namespace {

using nlohmann::ordered_json;

/// Asks, and shows the answer as it is, or as text.
int ask(session &with, console &to, const std::string &name, const ordered_json &arguments,
        const std::function<std::string(const ordered_json &)> &as_text) {
  const result<std::string> answer = with.client().command(name, arguments.dump());
  if (!answer) {
    return to.failed(said_by_node(answer.error()));
  }
  const ordered_json object = ordered_json::parse(*answer, nullptr, false);
  if (!object.is_object()) {
    return to.failed(make_error(code::malformed, fmt::format("the node's answer to {} is not a JSON object", name)));
  }
  if (to.json()) {
    to.object(object);
  } else {
    to.text(as_text(object));
  }
  return exit_done;
}

} // namespace

int run(const log_create_command &what, const common_options & /*common*/, session &with, console &to) {
  ordered_json arguments{{"name", what.log}};
  if (!what.sequencer.empty()) {
    arguments["sequencer"] = what.sequencer;
  }
  if (!what.nodeset.empty()) {
    arguments["nodeset"] = what.nodeset;
  }
  arguments["policies"] = what.policies;
  arguments["message-limit"] = what.message_limit_bytes;
  return ask(with, to, "log-create", arguments, &log_text);
}

int run(const log_list_command & /*what*/, const common_options & /*common*/, session &with, console &to) {
  return ask(with, to, "log-list", ordered_json::object(), &log_list_text);
}

int run(const log_describe_command &what, const common_options & /*common*/, session &with, console &to) {
  return ask(with, to, "log-describe", {{"log", what.log}}, &log_text);
}

int run(const digest_command &what, const common_options & /*common*/, session &with, console &to) {
  return ask(with, to, "digest", {{"log", what.log}}, &digest_text);
}

int run(const log_tail_command &what, const common_options & /*common*/, session &with, console &to) {
  const result<wire::tail> tail = with.client().find_tail(what.log);
  if (!tail) {
    return to.failed(said_by_node(tail.error()));
  }
  if (to.json()) {
    to.object({{"log", what.log},
               {"global_tail", tail->global_tail},
               {"segment", tail->segment.index},
               {"sequencer", tail->sequencer},
               {"generation", tail->generation}});
  } else {
    to.text(fmt::format("{}: tail {} (segment {}, sequencer {}, generation {})\n", what.log, tail->global_tail,
                        tail->segment.index, tail->sequencer, tail->generation));
  }
  return exit_done;
}

} // namespace outsize::host
