// How much of the memory budget one read takes, and what is answered when there is no room for it.
//
// Thread rule: free functions without state.
#pragma once

#include "host/logserver/context.hpp"

#include <outsize/error.hpp>

#include <cstdint>

namespace outsize::host {

/// One read takes at most this share of the budget, so that stores and other reads go on beside it.
std::uint64_t read_bytes_max(const memory_budget &memory);

/// `overloaded`, with the sizes.
error no_room_for_read(const memory_budget &memory, std::uint64_t bytes);

} // namespace outsize::host
