// Whether a module record can be used by this host, and what it offers.
//
// Thread rule: pure functions; any thread.
#pragma once

#include "module_info.hpp"

#include <outsize/abi/module.h>
#include <outsize/result.hpp>

#include <cstdint>
#include <string>

namespace outsize::host {

/// The host's side of the negotiation; only tests use other numbers than the sdk's.
struct host_abi {
  std::uint32_t major = OUTSIZE_ABI_MAJOR;
  std::uint32_t minor = OUTSIZE_ABI_MINOR;
};

/// Checks magic, ABI numbers, identity and every component (check_component), and copies what they say. Records that
/// are longer than this host knows are fine; records that lack a field the host needs are not. `file` is for messages
/// and goes into the answer. Error: plugin_refused, naming file, fault and remedy.
result<module_info> check_module(const outsize_module *module, const std::string &file, host_abi host = {});

} // namespace outsize::host
