// Looking things up in `outsize status --json` and `outsize digest --json`.
//
// Thread rule: pure functions. Where nothing else is said they fail the test when what is asked for is not there.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace outsize::test {

/// The sequencer's part of `log`, in the status of its node.
const nlohmann::json &sequencer_of(const nlohmann::json &status, const std::string &log);
/// What that sequencer says of one log server.
const nlohmann::json &server_of(const nlohmann::json &sequencer, const std::string &node);
/// Whether the sequencer of `log` takes appends and reaches `servers`; false also while it is not there yet.
bool takes_appends(const nlohmann::json &status, const std::string &log, const std::vector<std::string> &servers);
/// Over all links of all peers.
std::uint64_t reconnects_of(const nlohmann::json &status);
/// No wave was retried for a size, nor for anything else but a log server that took its time, as it may on a busy
/// machine.
void check_no_size_failure(const nlohmann::json &sequencer);
/// A server in a segment of a digest.
const nlohmann::json &copies_of(const nlohmann::json &digest, std::size_t segment, const std::string &node);

} // namespace outsize::test
