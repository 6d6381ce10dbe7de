// Serves the fragments of one split set: found by their rows, read in runs of neighbours, verified, bounded, and with
// what is damaged named.
//
// An answer holds one run of consecutive fragments: a reader that must go elsewhere for one of them is not sent what
// lies behind it. Only what lies below the larger of the two global tails is served, and nothing that was trimmed.
//
// Thread rule: the node's loop thread.
#pragma once

#include "host/logserver/context.hpp"
#include "host/logserver/stored_segment.hpp"

#include <outsize/wire/messages.hpp>

#include <functional>

namespace outsize::host {

/// Answers with `overloaded` when the memory budget has no room, with storage_failed when the disk cannot be read. The
/// segment lives as long as the server; nothing is answered when that is gone or stopped meanwhile.
void fetch_fragments(server_context &context, const stored_segment &segment, const wire::fetch_set &message,
                     std::function<void(result<wire::set_fetched>, rope)> answer);

} // namespace outsize::host
