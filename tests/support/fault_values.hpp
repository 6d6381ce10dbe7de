// A value store in memory that may be late, fail, and lose what was not synced.
//
// Thread rule: one thread.
#pragma once

#include "host/storage/storage.hpp"

#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <string>

namespace outsize::test {

class fault_values final : public host::value_store {
public:
  static constexpr std::size_t all = std::numeric_limits<std::size_t>::max();

  result<std::vector<std::pair<std::string, std::string>>> load(const std::string &prefix) override;
  void put(std::string key, std::string value, stored then) override;
  std::size_t run_completions() override;
  int event_fd() override { return -1; }

  /// Held values become durable by finish only; by default every value is durable at once.
  void hold(bool held) { held_ = held; }
  std::size_t finish(std::size_t count = all);
  /// The next value fails, and every one after it.
  void fail_next() { fail_next_ = true; }
  /// Of the held values the first `survivors` are durable, the others are gone, and nobody is called.
  void crash(std::size_t survivors = 0);

  [[nodiscard]] const std::map<std::string, std::string> &durable() const { return durable_; }

private:
  struct waiting_value {
    std::string key;
    std::string value;
    stored then;
  };
  std::map<std::string, std::string> durable_;
  std::deque<waiting_value> waiting_;
  std::deque<std::function<void()>> finished_;
  bool held_ = false;
  bool fail_next_ = false;
};

} // namespace outsize::test
