#include "host/node/command_arguments.hpp"

#include <fmt/format.h>

namespace outsize::host {

using nlohmann::json;

result<json> parse_arguments(const std::string &command, const std::string &text) {
  if (text.size() > arguments_bytes_max) {
    return size_error(code::invalid_argument,
                      fmt::format("arguments of command {} are {} bytes long, over the limit of {}", command,
                                  text.size(), arguments_bytes_max),
                      text.size(), arguments_bytes_max);
  }
  json parsed = json::parse(text.empty() ? "{}" : text, nullptr, false);
  if (!parsed.is_object()) {
    return make_error(code::invalid_argument, fmt::format("arguments of command {} are not a JSON object", command));
  }
  return parsed;
}

result<const log_record *> named_log(const node_context &node, const json &arguments) {
  const auto name = member<std::string>(arguments, "log", "");
  if (!name) {
    return name.error();
  }
  const versioned<log_record> *found = node.view().log(name.value());
  if (found == nullptr) {
    return unknown_log_error(name.value());
  }
  return &found->record;
}

} // namespace outsize::host
