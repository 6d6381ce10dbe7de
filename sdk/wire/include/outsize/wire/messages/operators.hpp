// Commands of operators. See messages.hpp.
#pragma once

#include <outsize/wire/messages/kind.hpp>

#include <cstdint>
#include <string>

namespace outsize::wire {

/// An operator's command, its arguments and its result as JSON objects: they are for people and scripts, not for speed.
struct command {
  static constexpr kind number = kind::command;
  std::string name; ///< status, log-create, log-list, log-describe, digest
  std::string arguments;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.name, "name");
    visit(2, self.arguments, "arguments");
  }
};
struct command_result {
  static constexpr kind number = kind::command_result;
  std::string result;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) { visit(1, self.result, "result"); }
};

} // namespace outsize::wire
