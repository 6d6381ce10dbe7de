#include "budget.hpp"

#include "limits.hpp"

#include <algorithm>
#include <utility>

namespace outsize::zeromq {

namespace {

std::uint64_t above(std::uint64_t total, std::uint64_t taken) {
  return total > taken ? total - taken : 0;
}

} // namespace

std::uint64_t budget::open_window() {
  // An eighth of what is left beside one whole message, in two halves.
  const std::uint64_t left = above(memory_bytes_max_, message_bytes_max_ + windows_);
  const std::uint64_t window = std::clamp(left / 16, window_bytes_min, window_bytes_max);
  windows_ += 2 * window;
  return window;
}

void budget::close_window(std::uint64_t window_bytes) {
  windows_ -= 2 * window_bytes;
  admit();
}

std::uint64_t budget::pool_bytes() const {
  return std::max(message_bytes_max_, above(memory_bytes_max_, windows_));
}

bool budget::reserve(outsize_link link, std::uint64_t bytes) {
  if (!line_.empty() || reserved_ + bytes > pool_bytes()) {
    line_.push_back({link, bytes});
    return false;
  }
  reserved_ += bytes;
  held_[link] = bytes;
  return true;
}

void budget::release(outsize_link link) {
  std::erase_if(line_, [&](const waiter &one) { return one.link == link; });
  if (const auto found = held_.find(link); found != held_.end()) {
    reserved_ -= found->second;
    held_.erase(found);
  }
  admit();
}

void budget::admit() {
  while (!line_.empty() && reserved_ + line_.front().bytes <= pool_bytes()) {
    const waiter next = line_.front();
    line_.pop_front();
    reserved_ += next.bytes;
    held_[next.link] = next.bytes;
    granted_.push_back(next.link);
  }
}

std::vector<outsize_link> budget::take_granted() {
  return std::exchange(granted_, {});
}

std::vector<outsize_link> budget::holders() const {
  std::vector<outsize_link> links;
  for (const auto &[link, bytes] : held_) {
    links.push_back(link);
  }
  return links;
}

} // namespace outsize::zeromq
