// A storage in memory that does what a disk may do: be late, fail, be full, lose what was not synced, flip bits.
//
// By default every commit is durable and every read answered at once; callbacks still wait for run_completions, as the
// contract of storage says. hold_commits and hold_reads put the moment into the test's hands.
//
// Thread rule: one thread.
#pragma once

#include "host/storage/storage.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace outsize::test {

class fault_store final : public host::storage {
public:
  static constexpr std::size_t all = std::numeric_limits<std::size_t>::max();

  result<std::vector<std::pair<host::segment_id, host::segment_row>>> load() override;
  void submit(host::commit what, committed then) override;
  void read(host::read_request what, read_done then) override;
  void find_fragments(host::fragment_request what, fragments_found then) override;
  std::size_t run_completions() override;
  int event_fd() override { return -1; }
  [[nodiscard]] std::uint64_t pending_bytes() const override { return pending_bytes_; }

  // ---- time
  void hold_commits(bool held) { commits_held_ = held; }
  void hold_reads(bool held) { reads_held_ = held; }
  /// Makes the first `count` held commits durable, with one sync. Returns how many.
  std::size_t finish_commits(std::size_t count = all);
  /// Reads and searches for fragments, in the order they were asked for.
  std::size_t finish_reads(std::size_t count = all);
  [[nodiscard]] std::size_t held_commits() const { return waiting_.size(); }
  [[nodiscard]] std::size_t held_reads() const { return reads_.size(); }
  /// run_completions until nothing is left that is not held.
  void settle();

  // ---- faults
  /// The next commit to be made durable fails, and every one after it; whether it reached the disk is `stored`.
  void fail_next_commit(bool stored);
  /// It has, and the store takes no more until it is opened again.
  [[nodiscard]] bool has_failed_commit() const { return failed_; }
  /// Commits with entries are refused with disk_full from now on.
  void set_disk_full(bool full) { disk_full_ = full; }
  /// Reads, and searches for fragments, fail with storage_failed while set.
  void set_read_failure(bool failing) { reads_fail_ = failing; }
  /// The disk is as good as new, unless a commit has failed already.
  void heal();
  /// The machine dies and comes back: of the held commits the first `survivors` had got as far as the disk, all
  /// others are gone, and nobody is called. The store can be loaded again.
  void crash(std::size_t survivors = 0);

  // ---- bit rot; false when there is no such entry
  bool flip_bit(const host::segment_id &segment, host::offset_t offset, std::uint64_t bit);
  bool make_unreadable(const host::segment_id &segment, host::offset_t offset);
  bool lose(const host::segment_id &segment, host::offset_t offset);
  /// Makes the row of a fragment point elsewhere.
  bool misplace(const host::segment_id &segment, std::uint64_t set, std::uint32_t index, host::offset_t to);

  // ---- looking inside
  /// Called with each commit the moment it is durable.
  void on_applied(std::function<void(const host::commit &)> then) { applied_ = std::move(then); }
  [[nodiscard]] const host::segment_row *durable_row(const host::segment_id &segment) const;
  [[nodiscard]] std::optional<std::string> durable_entry(const host::segment_id &segment, host::offset_t offset) const;
  [[nodiscard]] std::vector<host::offset_t> durable_offsets(const host::segment_id &segment) const;
  [[nodiscard]] std::uint64_t syncs() const { return syncs_; }

private:
  struct stored_segment {
    host::segment_row row;
    std::map<host::offset_t, std::string> entries;                               ///< an empty one is unreadable
    std::map<std::pair<std::uint64_t, std::uint32_t>, host::offset_t> fragments; ///< by set and index
  };
  struct waiting_commit {
    host::commit what;
    committed then;
    std::uint64_t bytes = 0;
    std::uint64_t epoch = 0;
  };
  template <class Request, class Found> void hold_read(Request what, std::function<void(result<Found>)> then,
                                                       Found (fault_store::*look)(const Request &) const);
  [[nodiscard]] result<void> make_durable(const waiting_commit &next);
  [[nodiscard]] bool refuses(const waiting_commit &next);
  void apply(const host::commit &what);
  [[nodiscard]] host::read_result look_up(const host::read_request &what) const;
  [[nodiscard]] host::fragment_result look_up_fragments(const host::fragment_request &what) const;
  void tell(const waiting_commit &finished, const result<void> &outcome);

  std::map<host::segment_id, stored_segment> segments_;
  std::deque<waiting_commit> waiting_;
  std::deque<std::function<void()>> reads_; ///< each looks, and has its answer told
  std::deque<std::function<void()>> finished_;
  bool commits_held_ = false;
  bool reads_held_ = false;
  bool disk_full_ = false;
  bool reads_fail_ = false;
  bool failed_ = false;
  std::optional<bool> fail_next_stored_;
  std::function<void(const host::commit &)> applied_;
  std::uint64_t epoch_ = 1;
  std::uint64_t refused_epoch_ = 0;
  std::uint64_t pending_bytes_ = 0;
  std::uint64_t syncs_ = 0;
};

} // namespace outsize::test
