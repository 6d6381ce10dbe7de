// Files as payloads: small ones read, large ones mapped, a pipe spooled first.
//
// Thread rule: any thread; the payload's bytes live as long as a reference to them.
#pragma once

#include <outsize/buffer.hpp>
#include <outsize/result.hpp>

#include <chrono>
#include <functional>
#include <string>

namespace outsize::host {

/// Files up to this size are read into memory; larger ones are mapped, so that a file of any size costs no memory.
inline constexpr std::uint64_t read_bytes_max = 1024 * 1024;

/// Called while a pipe has nothing to give and between its pieces, for at most the time given: answers to what was sent
/// before do not wait for whoever writes into the pipe. False ends the reading.
using meanwhile = std::function<bool(std::chrono::milliseconds most)>;

/// The file's bytes; "-" is stdin. What has no size beforehand (pipes, terminals, files of /proc) is spooled to an
/// unlinked file in TMPDIR. Error: as file_error says, or interrupted.
result<rope> payload_of(const std::string &file, const meanwhile &go_on);

/// A file that shrinks while it is mapped ends the process with a signal; from now on it says why first.
void explain_shrinking_files();

} // namespace outsize::host
