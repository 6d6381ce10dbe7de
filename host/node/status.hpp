// What `outsize status` shows of one node, as a JSON object.
//
// Thread rule: the node's loop thread.
#pragma once

#include "host/node/context.hpp"
#include "host/node/log_keeper.hpp"

#include <string>

namespace outsize::host {

std::string node_status_json(const node_context &node, const log_keeper &logs, bool ready);

} // namespace outsize::host
