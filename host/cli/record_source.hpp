// Files as payloads: small ones in memory, large ones read as they are sent, a pipe spooled first.
//
// Thread rule: one thread at a time for each source.
#pragma once

#include <outsize/client/client.hpp>
#include <outsize/result.hpp>

#include <chrono>
#include <functional>
#include <string>

namespace outsize::host {

/// Payloads up to this size are held in memory; of larger ones only what is on its way is, whatever their size.
inline constexpr std::uint64_t payload_in_memory_bytes_max = 1024 * 1024;

/// Called while a pipe has nothing to give and between its pieces, for at most the time given: answers to what was sent
/// before do not wait for whoever writes into the pipe. It returns early when the pipe has something to give, because a
/// pipe holds so little that any wait bounds what comes through it. False ends the reading.
using meanwhile = std::function<bool(int pipe, std::chrono::milliseconds most)>;

/// The file's bytes; "-" is stdin. What has no size beforehand (pipes, terminals, files of /proc) is read to its end
/// first, into an unlinked file in TMPDIR once it is large. Error: as file_error says, or interrupted.
///
/// A large file keeps its descriptor until the source is let go of. When it does not have the size any more that it had
/// at first, reading fails with invalid_argument: what was sent of it then is no record.
result<client::payload_source> source_of_file(const std::string &file, const meanwhile &go_on);

} // namespace outsize::host
