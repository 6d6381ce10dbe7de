// A blob store and the ways of the machines to it: puts and gets take a while and fail when the store is away or full,
// and a machine that dies leaves what it had finished, or nothing.
//
// Thread rule: one thread.
#pragma once

#include "host/blob/blob_stores.hpp"
#include "sim/checker/findings.hpp"
#include "sim/random.hpp"

#include <outsize/buffer.hpp>
#include <outsize/time.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace outsize::sim {

inline constexpr const char *blob_store_name = "archive";

/// What all machines see, and what outlives them.
struct blob_shelf {
  enum class trouble { none, away, full };

  std::map<std::string, rope> blobs; ///< by key; durable
  std::optional<host::blob_marker> marker;
  trouble now_in = trouble::none;
};

/// One machine's way to the shelf. It outlives the nodes that use it.
class simulated_blobs final : public host::blob_stores {
public:
  simulated_blobs(blob_shelf &shelf, duration delay_max, random_source random, const time_point &clock,
                  findings &found);
  simulated_blobs(const simulated_blobs &) = delete;
  simulated_blobs &operator=(const simulated_blobs &) = delete;

  /// The machine dies: a blob that was being finished may be there or not; nobody is called. How many are there.
  std::size_t crash();
  /// A store that lies: a blob is said to be durable, and is not. For proving the checker.
  void lose_what_is_put(bool loses) { loses_ = loses; }

  // ---- blobs
  [[nodiscard]] std::vector<outsize_blob_store_state> states() const override;
  host::upload_id begin(const std::string &store, const std::string &key, std::uint64_t bytes) override;
  void add(host::upload_id upload, rope bytes, std::function<void(result<void>)> then) override;
  void finish(host::upload_id upload, std::function<void(result<void>)> then) override;
  void abandon(host::upload_id upload) override;
  void get(const std::string &store, const std::string &key, std::uint64_t from, std::uint64_t bytes,
           time_point deadline, std::function<void(result<rope>)> then) override;

  // ---- the loop
  std::size_t run_completions() override;
  void on_time(time_point now) override;
  [[nodiscard]] time_point next_time() const override;
  [[nodiscard]] int event_fd() const override { return -1; }

  // ---- whose they are
  [[nodiscard]] std::vector<host::blob_store_facts> facts() const override;
  [[nodiscard]] std::uint64_t revision() const override { return revision_; }
  void expect(const std::string &store, const host::marker_expectation &what) override;
  void write_marker(const std::string &store, const host::blob_marker &marker,
                    std::function<void(result<void>)> then) override;
  void list(const std::string &store, const std::string &prefix, const std::string &after, std::uint32_t count_max,
            time_point deadline, std::function<void(result<host::blob_page>)> then) override;

private:
  struct upload {
    std::string key;
    std::uint64_t bytes = 0; ///< of the whole blob
    rope written;
    bool is_finishing = false;
    bool is_there = false;  ///< on the shelf, and nobody was told
    time_point last_step{}; ///< steps keep their order
  };
  /// What the machine knows of the store, as it last looked.
  struct sight {
    std::uint32_t state = 0;
    std::optional<std::string> marker;
    bool operator==(const sight &) const = default;
  };

  time_point after_a_while() { return clock_ + random_.between(std::chrono::microseconds(1), delay_max_); }
  void at(time_point when, std::function<void()> what) { steps_.emplace(when, std::move(what)); }
  /// The next step of an upload; not taken when it was abandoned.
  void step(host::upload_id which, std::function<void(upload &)> what);
  [[nodiscard]] result<void> can_put() const;
  result<void> put(upload &what);
  [[nodiscard]] sight look() const;

  blob_shelf &shelf_;
  duration delay_max_;
  random_source random_;
  const time_point &clock_;
  findings &found_;
  std::multimap<time_point, std::function<void()>>
      steps_; ///< those of one time in the order in which they were asked for
  std::map<host::upload_id, upload> uploads_;
  host::upload_id last_upload_ = 0;
  host::marker_expectation expected_;
  sight seen_;
  std::uint64_t revision_ = 1;
  bool loses_ = false;
};

} // namespace outsize::sim
