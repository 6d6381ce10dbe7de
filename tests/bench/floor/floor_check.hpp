// Reads a file of the floor back and compares it with what was sent.
#pragma once

#include "floor_records.hpp"

#include <cstdint>
#include <string>

namespace outsize::floor_bench {

/// How many of the first `count` records the file holds, each whole and equal, before the first that is not.
std::uint64_t equal_records(const std::string &path, const records &sent, std::uint64_t count);

} // namespace outsize::floor_bench
