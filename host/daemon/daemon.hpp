// One node as a process: opens what its configuration names, drives the node until a signal or a failure ends it.
//
// Thread rule: the main thread.
#pragma once

#include "host/config/config.hpp"
#include "host/daemon/preparation.hpp"

namespace outsize::host {

inline constexpr int exit_done = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;

/// Returns the exit code. Prints `ready node=… listen=…` on stdout when the node serves, everything else on stderr.
int run_daemon(const config &from, const preparation &with);

} // namespace outsize::host
