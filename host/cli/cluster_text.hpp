// What nodes answer in JSON, as text for people: status, logs, digests. Members that are missing (an older node) are
// left out.
//
// Thread rule: pure functions; any thread. Every line is ended.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace outsize::host {

std::string status_text(const nlohmann::ordered_json &node);
std::string log_text(const nlohmann::ordered_json &log);
std::string log_list_text(const nlohmann::ordered_json &list);
std::string digest_text(const nlohmann::ordered_json &digest);

} // namespace outsize::host
