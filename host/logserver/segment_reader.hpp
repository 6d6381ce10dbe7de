// Serves the entries of one segment: verified, bounded, and with what is damaged named.
//
// Thread rule: the node's loop thread.
#pragma once

#include "host/logserver/context.hpp"
#include "host/logserver/stored_segment.hpp"

#include <outsize/wire/messages.hpp>

#include <functional>

namespace outsize::host {

/// Answers with `overloaded` when the memory budget has no room, with storage_failed when the disk cannot be read. The
/// segment lives as long as the server.
void fetch_entries(server_context &context, const stored_segment &segment, const wire::fetch &message,
                   std::function<void(result<wire::fetched>, rope)> answer);

/// Headers only; an entry whose header is damaged is left out, so that repair brings another copy.
void list_entry_headers(server_context &context, const stored_segment &segment, const wire::list_entries &message,
                        std::function<void(result<wire::entries>, rope)> answer);

} // namespace outsize::host
