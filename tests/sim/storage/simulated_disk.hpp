// The disk of one simulated machine: entries and values that become durable after a while, in order, several with one
// sync, and that lose what was not synced when the machine dies.
//
// The contents and the faults are those of tests/support; this adds the time. The disk outlives the nodes that use it.
//
// Thread rule: one thread.
#pragma once

#include "sim/random.hpp"
#include "support/fault_store.hpp"
#include "support/fault_values.hpp"

#include <outsize/time.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <string>

namespace outsize::sim {

struct disk_quality {
  duration sync_min = std::chrono::microseconds(200);
  duration sync_max = std::chrono::milliseconds(3);
  duration read_max = std::chrono::microseconds(500);
  std::uint64_t stall_millionths = 0; ///< a sync takes up to `stall_max`
  duration stall_max = std::chrono::seconds(2);
};

/// Told the moment something is durable, before the node hears of it.
class disk_observer {
public:
  virtual ~disk_observer() = default;
  virtual void on_durable(const std::string &machine, const host::commit &what) = 0;
  virtual void on_value(const std::string &machine, const std::string &key, const std::string &value) = 0;
};

class simulated_disk {
public:
  /// `clock` says what time it is, `observer` outlives the disk.
  simulated_disk(std::string machine, disk_quality quality, random_source random, const time_point &clock,
                 disk_observer &observer);
  simulated_disk(const simulated_disk &) = delete;
  simulated_disk &operator=(const simulated_disk &) = delete;

  [[nodiscard]] host::storage &entries() { return entries_; }
  [[nodiscard]] host::value_store &values() { return values_; }

  /// Does what is due.
  void run();
  [[nodiscard]] time_point next_time() const;
  /// True when run_completions would call something.
  [[nodiscard]] bool has_work() const { return has_work_; }
  /// The machine dies: some of what was being written may have got as far as the disk, in order; nobody is called.
  struct crash_report {
    std::size_t lost = 0;
    std::size_t kept = 0;
  };
  crash_report crash();

  [[nodiscard]] std::uint64_t stalls() const { return stalls_; }

  /// A disk that lies: commits are answered at once and durable later. For proving the checker.
  void answer_before_durable(bool lies) { lies_ = lies; }
  /// A disk that forgets fences and seals when its machine dies. For proving the checker.
  void forget_seals(bool forgets) { forgets_seals_ = forgets; }
  /// The underlying store, for bit rot and for looking inside.
  [[nodiscard]] test::fault_store &store() { return store_; }
  [[nodiscard]] const std::string &machine() const { return machine_; }

private:
  struct entries_front final : host::storage {
    explicit entries_front(simulated_disk &disk) : disk_(disk) {}
    result<std::vector<std::pair<host::segment_id, host::segment_row>>> load() override;
    void submit(host::commit what, committed then) override { disk_.submit(std::move(what), std::move(then)); }
    void read(host::read_request what, read_done then) override { disk_.read(what, std::move(then)); }
    void find_fragments(host::fragment_request what, fragments_found then) override {
      disk_.find_fragments(what, std::move(then));
    }
    std::size_t run_completions() override;
    int event_fd() override { return -1; }
    [[nodiscard]] std::uint64_t pending_bytes() const override { return disk_.store_.pending_bytes(); }
    simulated_disk &disk_;
  };
  struct values_front final : host::value_store {
    explicit values_front(simulated_disk &disk) : disk_(disk) {}
    result<std::vector<std::pair<std::string, std::string>>> load(const std::string &prefix) override {
      return disk_.kept_values_.load(prefix);
    }
    void put(std::string key, std::string value, stored then) override;
    std::size_t run_completions() override;
    int event_fd() override { return -1; }
    simulated_disk &disk_;
  };
  struct value_write {
    std::string key;
    std::string value;
    time_point done_at;
  };

  void submit(host::commit what, host::storage::committed then);
  void read(host::read_request what, host::storage::read_done then);
  void find_fragments(host::fragment_request what, host::storage::fragments_found then);
  void begin_read();
  void tell_if_durable(const value_write &write);
  void begin_sync();
  void end_sync();
  duration sync_time();

  std::string machine_;
  disk_quality quality_;
  random_source random_;
  const time_point &clock_;
  disk_observer &observer_;
  test::fault_store store_;
  test::fault_values kept_values_;
  entries_front entries_{*this};
  values_front values_{*this};
  std::size_t waiting_ = 0; ///< commits that store_ holds back
  std::size_t syncing_ = 0; ///< the first so many share the sync under way
  time_point sync_done_ = never;
  std::deque<time_point> reads_done_;
  std::deque<value_write> writes_;
  std::deque<host::storage::committed> lied_to_;
  std::uint64_t stalls_ = 0;
  bool lies_ = false;
  bool forgets_seals_ = false;
  bool has_work_ = false;
};

} // namespace outsize::sim
