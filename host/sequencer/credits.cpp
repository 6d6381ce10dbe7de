#include "host/sequencer/credits.hpp"

#include "host/core/check.hpp"

#include <fmt/format.h>

namespace outsize::host {
namespace {

bool has_room(std::uint64_t taken, std::uint64_t more, std::uint64_t max) {
  return taken == 0 || (more <= max && taken <= max - more);
}

error overloaded(const std::string &whose, std::uint64_t taken, std::uint64_t more, std::uint64_t max,
                 const char *setting) {
  error why = size_error(
      code::overloaded,
      fmt::format("{} has {} bytes in flight, {} more would be over {} bytes ({})", whose, taken, more, max, setting),
      taken + more, max);
  why.remedy = fmt::format("try again later; raise {} if it happens often", setting);
  return why;
}

} // namespace

result<void> credits::take(const std::string &producer, std::uint64_t bytes) {
  if (!has_room(bytes_, bytes, log_bytes_max_)) {
    return overloaded("the log", bytes_, bytes, log_bytes_max_, "sequencer.in-flight-bytes");
  }
  const auto found = by_producer_.find(producer);
  const std::uint64_t taken = found == by_producer_.end() ? 0 : found->second;
  if (!has_room(taken, bytes, producer_bytes_max_)) {
    return overloaded("the producer", taken, bytes, producer_bytes_max_, "sequencer.producer-in-flight-bytes");
  }
  bytes_ += bytes;
  by_producer_[producer] = taken + bytes;
  return {};
}

void credits::give_back(const std::string &producer, std::uint64_t bytes) {
  const auto found = by_producer_.find(producer);
  OUTSIZE_CHECK(found != by_producer_.end() && found->second >= bytes && bytes_ >= bytes,
                "credit is given back once, by who took it");
  bytes_ -= bytes;
  found->second -= bytes;
  if (found->second == 0) {
    by_producer_.erase(found);
  }
}

} // namespace outsize::host
