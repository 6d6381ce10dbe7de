#include "host/node/commands.hpp"

#include "host/node/command_arguments.hpp"
#include "host/node/digest.hpp"
#include "host/node/log_json.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace outsize::host {

using nlohmann::json;

namespace {

result<wanted_log> wanted_from(const json &from) {
  wanted_log wanted;
  const auto name = member<std::string>(from, "name", "");
  const auto sequencer = member<std::string>(from, "sequencer", "");
  const auto nodeset = member<std::vector<std::string>>(from, "nodeset", {});
  const auto policies = member<std::vector<std::string>>(from, "policies", {});
  const auto limit = member<std::uint64_t>(from, "message-limit", 0);
  for (const error *why :
       {name ? nullptr : &name.error(), sequencer ? nullptr : &sequencer.error(), nodeset ? nullptr : &nodeset.error(),
        policies ? nullptr : &policies.error(), limit ? nullptr : &limit.error()}) {
    if (why != nullptr) {
      return *why;
    }
  }
  wanted.name = name.value();
  wanted.sequencer = sequencer.value();
  wanted.nodeset = nodeset.value();
  wanted.policies = policies.value();
  wanted.message_limit_bytes = limit.value();
  return wanted;
}

} // namespace

commands::commands(node_context &node, log_keeper &logs, read_service &reads, std::function<std::string()> status)
    : node_(node), logs_(logs), blobs_(node, reads), status_(std::move(status)) {}

commands::~commands() {
  *alive_ = false;
}

void commands::on_command(const wire::incoming &request) {
  const asker to = asker_of(request);
  const result<wire::command> message = wire::decode<wire::command>(request.header);
  if (!message) {
    answer_error(node_, to, message.error());
    return;
  }
  const std::string &name = message->name;
  if (name == "status") {
    answer(node_, to, wire::command_result{status_()});
  } else if (node_.view().revision == 0 &&
             (name.starts_with("log-") || name.starts_with("blob-") || name == "digest")) {
    answer_error(node_, to,
                 make_error(code::metadata_unavailable, fmt::format("node {} has not heard from metadata node {} yet",
                                                                    node_.options.name, node_.options.metadata_node)));
  } else if (name == "log-create") {
    create_log(to, message->arguments);
  } else if (name == "log-list") {
    list_logs(to);
  } else if (name == "log-describe") {
    describe_log(to, message->arguments);
  } else if (name == "digest") {
    digest(to, message->arguments);
  } else if (name.starts_with("blob-")) {
    blobs_.on_command(to, name, message->arguments);
  } else {
    answer_error(node_, to,
                 make_error(code::unsupported,
                            fmt::format("node {} has no command \"{}\"", node_.options.name, name.substr(0, 64))));
  }
}

void commands::create_log(const asker &to, const std::string &arguments) {
  const result<json> parsed = parse_arguments("log-create", arguments);
  const result<wanted_log> wanted = parsed ? wanted_from(parsed.value()) : result<wanted_log>(parsed.error());
  if (!wanted) {
    answer_error(node_, to, wanted.error());
    return;
  }
  logs_.create(wanted.value(), [this, to, alive = alive_](const result<log_record> &outcome) {
    if (!*alive) {
      return;
    }
    if (!outcome) {
      answer_error(node_, to, outcome.error());
      return;
    }
    answer(node_, to, wire::command_result{describe_json(outcome.value()).dump()});
  });
}

void commands::list_logs(const asker &to) {
  json logs = json::array();
  for (const auto &[name, log] : node_.view().logs) {
    logs.push_back(describe_json(log.record));
  }
  answer(node_, to, wire::command_result{json{{"logs", logs}}.dump()});
}

void commands::describe_log(const asker &to, const std::string &arguments) {
  const result<json> parsed = parse_arguments("log-describe", arguments);
  const auto log = parsed ? named_log(node_, parsed.value()) : result<const log_record *>(parsed.error());
  if (!log) {
    answer_error(node_, to, log.error());
    return;
  }
  answer(node_, to, wire::command_result{describe_json(*log.value()).dump()});
}

void commands::digest(const asker &to, const std::string &arguments) {
  const result<json> parsed = parse_arguments("digest", arguments);
  const auto log = parsed ? named_log(node_, parsed.value()) : result<const log_record *>(parsed.error());
  if (!log) {
    answer_error(node_, to, log.error());
    return;
  }
  const auto from = member<std::uint64_t>(parsed.value(), "from", wire::first_offset);
  const auto last = member<std::uint64_t>(parsed.value(), "to", UINT64_MAX - 1);
  if (!from || !last) {
    answer_error(node_, to, from ? last.error() : from.error());
    return;
  }
  const offset_t end = std::min<offset_t>(last.value(), UINT64_MAX - 1) + 1;
  digest_walk::start(
      *log.value(), from.value(), end, *node_.links, [this] { return node_.now; },
      [this, to, alive = alive_](const result<std::string> &outcome) {
        if (!*alive) {
          return;
        }
        if (!outcome) {
          answer_error(node_, to, outcome.error());
          return;
        }
        answer(node_, to, wire::command_result{outcome.value()});
      });
}

} // namespace outsize::host
