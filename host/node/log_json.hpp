// A log as `outsize log describe` and `log list` show it.
//
// Thread rule: pure functions.
#pragma once

#include "host/chain/records.hpp"
#include "host/sequencer/log_sequencer.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace outsize::host {

/// The limits that hold for the next append, and whose they are; segment limit 0 while no segment is open.
log_limits limits_of(const log_record &log);

nlohmann::json describe_json(const log_record &log);
nlohmann::json status_of(const sequencer_status &sequencer);

} // namespace outsize::host
