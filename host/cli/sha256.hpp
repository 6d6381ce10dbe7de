// SHA-256 of a payload, and base64: how people and scripts compare records.
//
// Thread rule: pure functions; any thread.
#pragma once

#include <outsize/buffer.hpp>

#include <string>

namespace outsize::host {

/// In lower case hex.
std::string sha256_hex(const rope &payload);

std::string base64(const rope &payload);

} // namespace outsize::host
