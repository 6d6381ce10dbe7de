#include "progress.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace outsize::host {
namespace {

constexpr duration pause = std::chrono::milliseconds(100);
constexpr std::uint64_t bar_width = 20;

} // namespace

progress::progress(bool wanted)
    : active_(wanted && ::isatty(STDERR_FILENO) == 1), next_(steady_now() + pause) {} // short work shows none

progress::~progress() {
  clear();
}

bool progress::due() {
  const time_point now = steady_now();
  if (!active_ || now < next_) {
    return false;
  }
  next_ = now + pause;
  return true;
}

void progress::draw(const std::string &line) {
  drawn_ = true;
  std::fputs(("\r\033[K" + line).c_str(), stderr);
}

void progress::clear() {
  if (std::exchange(drawn_, false)) {
    std::fputs("\r\033[K", stderr);
  }
}

std::string bar(std::uint64_t done, std::uint64_t all) {
  const std::uint64_t filled = all == 0 ? bar_width : std::min(done, all) * bar_width / all;
  return fmt::format("[{:#<{}}{:.<{}}] {:3}%", "", filled, "", bar_width - filled, filled * 100 / bar_width);
}

} // namespace outsize::host
