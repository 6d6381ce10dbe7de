#include "support/fault_values.hpp"

#include <utility>

namespace outsize::test {

result<std::vector<std::pair<std::string, std::string>>> fault_values::load(const std::string &prefix) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (auto at = durable_.lower_bound(prefix); at != durable_.end() && at->first.starts_with(prefix); ++at) {
    pairs.emplace_back(*at);
  }
  return pairs;
}

void fault_values::put(std::string key, std::string value, stored then) {
  waiting_.push_back({std::move(key), std::move(value), std::move(then)});
  if (!held_) {
    finish();
  }
}

std::size_t fault_values::run_completions() {
  const auto finished = std::exchange(finished_, {});
  for (const auto &call : finished) {
    call();
  }
  return finished.size();
}

std::size_t fault_values::finish(std::size_t count) {
  std::size_t done = 0;
  for (; done < count && !waiting_.empty(); ++done) {
    waiting_value next = std::move(waiting_.front());
    waiting_.pop_front();
    result<void> outcome;
    if (fail_next_) {
      outcome = make_error(code::storage_failed, "a write failed and its outcome is unknown (as the test wished)");
    } else {
      durable_[next.key] = next.value;
    }
    finished_.push_back([then = std::move(next.then), outcome] { then(outcome); });
  }
  return done;
}

void fault_values::crash(std::size_t survivors) {
  for (; survivors > 0 && !waiting_.empty(); --survivors) {
    durable_[waiting_.front().key] = waiting_.front().value;
    waiting_.pop_front();
  }
  waiting_.clear();
  finished_.clear();
  fail_next_ = false;
}

} // namespace outsize::test
