#include "host/blob/blob_key.hpp"

#include <outsize/wire/limits.hpp>

#include <fmt/format.h>

#include <limits>

namespace outsize::host {
namespace {

constexpr std::uint64_t digits_max(auto number) {
  return static_cast<std::uint64_t>(std::numeric_limits<decltype(number)>::digits10) + 1;
}
constexpr std::uint64_t key_bytes_max = digits_max(std::uint64_t{}) + 1 + digits_max(std::uint32_t{}) + 1 +
                                        digits_max(wire::generation_t{}) + 1 + digits_max(std::uint64_t{});
static_assert(key_bytes_max <= wire::blob_key_bytes_max, "a reference entry has room for every key");

} // namespace

std::string blob_key(const wire::segment_id &segment, wire::generation_t generation, std::uint64_t number) {
  return fmt::format("{}/{}/{}-{}", segment.log, segment.index, generation, number);
}

std::string blob_prefix(std::uint64_t log) {
  return fmt::format("{}/", log);
}

} // namespace outsize::host
