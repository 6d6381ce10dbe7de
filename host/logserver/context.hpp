// What the segments of one log server share: the store, the memory budget, and the moment everything stops.
//
// Thread rule: the node's loop thread.
#pragma once

#include "host/logserver/log_server.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

namespace outsize::host {

/// Bytes in use, by stores and by reads. Something is always let in when nothing of its kind is, so that a single
/// message larger than what is left of the budget is late, never stuck.
class memory_budget {
public:
  explicit memory_budget(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

  [[nodiscard]] bool has_room_for_store(std::uint64_t bytes) const { return stores_ == 0 || fits(bytes); }
  [[nodiscard]] bool has_room_for_read(std::uint64_t bytes) const { return reads_ == 0 || fits(bytes); }
  void charge_store(std::uint64_t bytes) { stores_ += bytes; }
  void discharge_store(std::uint64_t bytes) { stores_ -= bytes; }
  void charge_read(std::uint64_t bytes) { reads_ += bytes; }
  void discharge_read(std::uint64_t bytes) { reads_ -= bytes; }

  [[nodiscard]] std::uint64_t bytes() const { return stores_ + reads_; }
  [[nodiscard]] std::uint64_t bytes_max() const { return bytes_max_; }

private:
  [[nodiscard]] bool fits(std::uint64_t more) const { return bytes() <= bytes_max_ && more <= bytes_max_ - bytes(); }
  std::uint64_t bytes_max_;
  std::uint64_t stores_ = 0;
  std::uint64_t reads_ = 0;
};

class server_context {
public:
  server_context(storage &store, log_server_options options)
      : store_(store), options_(std::move(options)), memory_(options_.memory_budget_bytes) {}

  [[nodiscard]] storage &store() { return store_; }
  [[nodiscard]] memory_budget &memory() { return memory_; }
  [[nodiscard]] const memory_budget &memory() const { return memory_; }

  /// Held weakly by what waits in the store: nothing runs after the server is gone.
  [[nodiscard]] std::weak_ptr<const bool> alive() const { return alive_; }

  [[nodiscard]] bool stopped() const { return stopped_; }
  /// The outcome of a write is unknown: from here on nothing is answered. The owner hears of it once.
  void fail_stop(const error &why) {
    if (!std::exchange(stopped_, true) && options_.on_fail_stop) {
      options_.on_fail_stop(why);
    }
  }
  void segment_stopped(const segment_id &segment, const error &why) {
    if (options_.on_segment_stopped) {
      options_.on_segment_stopped(segment, why);
    }
  }
  void damaged(const segment_id &segment, offset_t offset) {
    ++times_damaged_;
    if (options_.on_damaged) {
      options_.on_damaged(segment, offset);
    }
  }

  [[nodiscard]] std::uint64_t times_damaged() const { return times_damaged_; }

private:
  storage &store_;
  log_server_options options_;
  memory_budget memory_;
  std::uint64_t times_damaged_ = 0;
  bool stopped_ = false;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

} // namespace outsize::host
