#include "host/segment/copy_search.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace outsize::host {

void copy_search::begin(const std::vector<std::string> &nodeset, const std::string &own, std::uint64_t spread) {
  if (!left_.empty()) {
    return;
  }
  left_ = nodeset;
  if (left_.size() > 1) {
    std::rotate(left_.begin(), left_.begin() + static_cast<std::ptrdiff_t>(spread % left_.size()), left_.end());
  }
  std::stable_partition(left_.begin(), left_.end(), [&own](const std::string &node) { return node == own; });
  all_answered_ = true;
  any_took_too_long_ = false;
  complaints_.clear();
}

std::string copy_search::take_next() {
  std::string node = std::move(left_.front());
  left_.erase(left_.begin());
  return node;
}

duration copy_search::patience(duration first) const {
  constexpr std::uint32_t doublings_max = 10;
  return first * (1U << std::min(slow_rounds_, doublings_max));
}

void copy_search::found() {
  left_.clear();
  slow_rounds_ = 0;
}

void copy_search::not_there(const std::string &node, const std::string &why) {
  complain(node, why);
}

void copy_search::no_answer(const std::string &node, const error &why) {
  all_answered_ = false;
  any_took_too_long_ = any_took_too_long_ || why.code == code::timed_out;
  complain(node, why.text);
}

void copy_search::complain(const std::string &node, const std::string &why) {
  complaints_.push_back(fmt::format("{}: {}", node, why));
  if (left_.empty() && any_took_too_long_) {
    ++slow_rounds_;
  }
}

std::string copy_search::complaints() const {
  return fmt::format("{}", fmt::join(complaints_, "; "));
}

error copy_search::failure(const std::string &what) const {
  return make_error(all_answered_ ? code::data_loss : code::log_unavailable,
                    fmt::format("{}: no log server has an intact copy ({})", what, complaints()));
}

} // namespace outsize::host
