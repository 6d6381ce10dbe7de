// The reading end of the codec: msgpack-cxx parses, the values go to intakes, and every limit is kept on the way.
//
// No tree of objects is built, and what an array or a map declares costs nothing: its count is compared with the bytes
// that are there, its memory is charged before it is allocated, and nesting has an end. The first thing that is wrong
// ends the parsing.
#pragma once

#include "intake.hpp"

#include <outsize/buffer.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace outsize::wire {

/// How deep the value of an unknown field may be nested.
inline constexpr unsigned skipped_depth_max = 8;

/// Takes the one value that `bytes` are into `root`, allocating no more than `memory` for what arrays declare. Returns
/// what was wrong and at which byte; empty: nothing. Bytes behind the value are wrong, unless an intake let the decoder
/// stop early. `whole`: the buffer of the bytes, for those that share it.
std::string decode_value(std::span<const std::uint8_t> bytes, const buffer *whole, place root, memory_allowance memory);

} // namespace outsize::wire
