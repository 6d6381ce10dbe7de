// Arguments of commands: JSON objects from operators, and from anybody who says so.
//
// Thread rule: pure functions.
#pragma once

#include "host/node/context.hpp"

#include <outsize/result.hpp>

#include <nlohmann/json.hpp>

#include <string>

namespace outsize::host {

/// Parsed JSON takes up to some fifty times its text: this bounds what a command may make the node allocate.
inline constexpr std::size_t arguments_bytes_max = 64 * 1024;

/// The arguments of a command as an object; the error names the command.
result<nlohmann::json> parse_arguments(const std::string &command, const std::string &text);

/// A member of the wanted type, or the fallback when it is not there.
template <class Value> result<Value> member(const nlohmann::json &from, const char *name, Value fallback) {
  if (!from.contains(name) || from[name].is_null()) {
    return fallback;
  }
  try {
    return from[name].get<Value>();
  } catch (const nlohmann::json::exception &thrown) {
    return make_error(code::invalid_argument, std::string("argument \"") + name + "\": " + thrown.what());
  }
}

/// The log that the argument "log" names.
result<const log_record *> named_log(const node_context &node, const nlohmann::json &arguments);

} // namespace outsize::host
