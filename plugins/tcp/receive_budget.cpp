#include "receive_budget.hpp"

#include <algorithm>

namespace outsize::tcp {

namespace {

// Half of what a legal message leaves over, but enough for two small messages and never more than 4 MiB, which is 64 of
// them. Only a budget within 128 KiB of one message is passed, by that much.
std::uint64_t small_share(std::uint64_t message_bytes_max, std::uint64_t memory_bytes_max) {
  constexpr std::uint64_t share_min = 2 * small_bytes_max;
  constexpr std::uint64_t share_max = 64 * small_bytes_max;
  return std::clamp((memory_bytes_max - message_bytes_max) / 2, share_min, share_max);
}

} // namespace

receive_budget::receive_budget(std::uint64_t message_bytes_max, std::uint64_t memory_bytes_max)
    : small_{small_share(message_bytes_max, memory_bytes_max), 0, {}}, bulk_{0, 0, {}} {
  const std::uint64_t left = memory_bytes_max > small_.bytes_max ? memory_bytes_max - small_.bytes_max : 0;
  bulk_.bytes_max = std::max(message_bytes_max, left);
}

bool receive_budget::reserve(outsize_link link, std::uint64_t bytes) {
  line &in = line_for(bytes);
  if (!in.waiting.empty() || in.used + bytes > in.bytes_max) {
    in.waiting.push_back({link, bytes});
    return false;
  }
  in.used += bytes;
  holders_[link] = bytes;
  return true;
}

void receive_budget::release(outsize_link link) {
  const auto held = holders_.find(link);
  if (held != holders_.end()) {
    line_for(held->second).used -= held->second;
    holders_.erase(held);
    return;
  }
  for (line *one : {&small_, &bulk_}) {
    std::erase_if(one->waiting, [&](const claim &made) { return made.link == link; });
  }
}

std::optional<outsize_link> receive_budget::grant() {
  const std::optional<outsize_link> small = grant(small_);
  return small ? small : grant(bulk_);
}

std::optional<outsize_link> receive_budget::grant(line &from) {
  if (from.waiting.empty() || from.used + from.waiting.front().bytes > from.bytes_max) {
    return std::nullopt;
  }
  const claim next = from.waiting.front();
  from.waiting.pop_front();
  from.used += next.bytes;
  holders_[next.link] = next.bytes;
  return next.link;
}

} // namespace outsize::tcp
