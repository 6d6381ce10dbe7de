// Is an entry what its kind says? What is wrong here would be found when the record is read, by then on every server.
//
// Thread rule: free functions without state.
#pragma once

#include <outsize/buffer.hpp>
#include <outsize/wire/types.hpp>

#include <optional>
#include <string>

namespace outsize::host {

/// Of a fragment, a commit, a reference or an abort whose bytes were verified: what cannot be, with the value. Nothing
/// when all is well, and of other kinds, which have no form of their own.
std::optional<std::string> what_is_wrong_with(const wire::entry_header &header, const rope &body);

} // namespace outsize::host
