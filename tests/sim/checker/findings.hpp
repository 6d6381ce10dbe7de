// What a checker found wrong: the rule, the time, the sentence.
//
// Thread rule: one thread.
#pragma once

#include <outsize/time.hpp>

#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace outsize::sim {

struct finding {
  std::string rule; ///< L1 to L10 and Z1 to Z9, or "live", "form"
  duration at{};    ///< simulated time
  std::string text;
};

class findings {
public:
  explicit findings(const time_point &clock) : clock_(clock) {}

  template <class... Values> void add(const char *rule, fmt::format_string<Values...> pattern, Values &&...values) {
    constexpr std::size_t kept_max = 20; // the first one tells, the next few help
    if (list_.size() < kept_max) {
      list_.push_back({rule, clock_.time_since_epoch(), fmt::format(pattern, std::forward<Values>(values)...)});
    }
  }
  [[nodiscard]] time_point now() const { return clock_; }
  [[nodiscard]] bool empty() const { return list_.empty(); }
  [[nodiscard]] const std::vector<finding> &list() const { return list_; }

private:
  const time_point &clock_;
  std::vector<finding> list_;
};

} // namespace outsize::sim
