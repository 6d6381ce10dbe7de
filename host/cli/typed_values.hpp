// Values of flags as they were typed, and what they mean. CLI11 hands all of them over as texts, so that what is wrong
// with one is said in our form: value, limit, remedy.
//
// Thread rule: pure functions; any thread.
#pragma once

#include "host/config/problem.hpp"

#include <outsize/time.hpp>
#include <outsize/wire/types.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace outsize::host {

/// A value that does not mean anything; thrown by the functions below and caught by the parser.
struct bad_value {
  problem why;
};

std::uint64_t bytes_of(std::string_view flag, const std::string &text);
duration duration_of(std::string_view flag, const std::string &text);
/// A whole number from `min` to `max`.
std::uint64_t number_of(std::string_view flag, const std::string &text, std::uint64_t min, std::uint64_t max);
wire::offset_t offset_of(std::string_view flag, const std::string &text);
/// "name=value".
std::pair<std::string, std::string> header_of(const std::string &text);

/// Throws what is wrong with a value of `flag`.
[[noreturn]] void refuse(std::string_view flag, std::string_view value, std::string text, std::string limit,
                         std::string remedy);

} // namespace outsize::host
