// Texts that a plugin hands over as C does.
//
// Thread rule: pure functions; any thread.
#pragma once

#include <string>

namespace outsize::host {

/// What a plugin left out is empty.
inline std::string text_or_empty(const char *text) {
  return text == nullptr ? std::string{} : std::string(text);
}

} // namespace outsize::host
