// How often this thread has asked the C library for memory: for the rule that a policy allocates nothing.
//
// Thread rule: each thread has its own count.
#pragma once

#include <cstdint>

namespace outsize::suite {

/// Whether this build can count: not with a sanitizer, which brings its own allocator.
bool counts_allocations();

/// Calls of malloc, calloc and realloc by this thread so far, from this program and from every plugin in it.
std::uint64_t allocations_so_far();

} // namespace outsize::suite
