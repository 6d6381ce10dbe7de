// Sizes, durations and names as an operator writes them: "32MiB", "250ms", and which name was probably meant.
//
// Thread rule: pure functions; any thread.
#pragma once

#include <outsize/result.hpp>
#include <outsize/time.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace outsize::host {

/// Bytes of "32MiB", "4KiB", "512B" or "4096". Units are B, KiB, MiB, GiB and TiB; whole numbers only.
/// Error: invalid_argument, its text quoting `text`. "MB" and its kin are refused, because half of the world reads
/// 1000 and the other half 1024.
result<std::uint64_t> parse_bytes(std::string_view text);

/// The time that "250ms", "2s", "5m", "1h" or "7d" stands for; also "ns" and "us". A unit is always needed.
/// Error: invalid_argument, its text quoting `text`.
result<duration> parse_duration(std::string_view text);

/// The shortest exact form that parse_bytes reads back: "32MiB", "33554433B".
std::string format_bytes(std::uint64_t bytes);

/// The shortest exact form that parse_duration reads back: "2s", "1500ms".
std::string format_duration(duration time);

/// The member of `names` that `name` was probably meant to be: the fewest edits away, and at most half of its letters.
/// Empty when nothing comes near. The result points into `names`.
std::string_view nearest_name(std::string_view name, std::span<const std::string_view> names);

/// " (did you mean "nearest"?)", or nothing when nothing comes near: to be put behind an unknown name in a message.
std::string did_you_mean(std::string_view name, std::span<const std::string_view> names);

} // namespace outsize::host
