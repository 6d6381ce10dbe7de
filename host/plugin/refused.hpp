// A plugin that is not taken, in words.
//
// Thread rule: pure functions; any thread.
#pragma once

#include <outsize/result.hpp>

#include <string>
#include <utility>

namespace outsize::host {

inline error refused(std::string text, std::string remedy) {
  return make_error(code::plugin_refused, std::move(text), std::move(remedy));
}

} // namespace outsize::host
