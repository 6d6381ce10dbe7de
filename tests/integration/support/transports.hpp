// Transport plugins of this build, loaded from disk as a host loads them.
//
// Thread rule: one thread.
#pragma once

#include <outsize/transport_handle.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace outsize::test {

/// One transport for each plugin that these addresses need; fails the test when one cannot be had. `host` outlives
/// them.
std::vector<std::unique_ptr<transport_handle>>
open_transports(const std::vector<std::string> &addresses, const outsize_host *host, std::uint64_t message_limit_bytes);

} // namespace outsize::test
