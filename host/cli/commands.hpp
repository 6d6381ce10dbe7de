// The commands of the `outsize` tool. Each writes its results to the console and returns the exit code.
//
// Thread rule: one thread.
#pragma once

#include "host/cli/console.hpp"
#include "host/cli/invocation.hpp"
#include "host/cli/session.hpp"

namespace outsize::host {

int run(const append_command &what, const common_options &common, session &with, console &to);
int run(const read_command &what, const common_options &common, session &with, console &to);
int run(const log_create_command &what, const common_options &common, session &with, console &to);
int run(const log_list_command &what, const common_options &common, session &with, console &to);
int run(const log_describe_command &what, const common_options &common, session &with, console &to);
int run(const log_tail_command &what, const common_options &common, session &with, console &to);
int run(const digest_command &what, const common_options &common, session &with, console &to);
int run(const blob_list_command &what, const common_options &common, session &with, console &to);
int run(const blob_verify_command &what, const common_options &common, session &with, console &to);
int run(const bench_command &what, const common_options &common, session &with, console &to);

/// Asks every address by itself: a node tells only what it sees.
int run(const status_command &what, const common_options &common, console &to);

/// These look at files only.
int run(const plugin_list_command &what, const common_options &common, console &to);
int run(const plugin_inspect_command &what, const common_options &common, console &to);
int run(const plugin_params_command &what, const common_options &common, console &to);

/// Carries out what was asked for; opens a session for commands that need one.
int run_command(const invocation &asked);

} // namespace outsize::host
