// The blob stores of a node: plugins that may block, behind an interface that never does.
//
// Every call goes to a thread of its store with a deadline and comes back through a mailbox; the loop thread waits for
// the mailbox's descriptor. A plugin that does not answer in time is not waited for: whoever asked is told timed_out,
// and what comes later is dropped, or taken back where it left something.
//
// Each store is looked at every few seconds: does it answer, is its marker the one that the metadata knows, what is
// free? Nothing is read from or written to a store before its marker was found right.
//
// Thread rule: the loop thread. Destruction waits for the calls under way, having told them to end.
#pragma once

#include "host/blob/blob_stores.hpp"
#include "host/blob/blob_uploads.hpp"
#include "host/blob/served_store.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace outsize::host {

struct blob_service_options {
  std::uint32_t threads = 2; ///< of each store for uploads, and as many for the rest
  upload_limits uploads;
  store_watch::times looks;
  duration answer_slack = std::chrono::seconds(2); ///< a plugin that honours a deadline has answered by then
  duration mark_timeout = std::chrono::seconds(10);
  std::uint64_t get_bytes_max = 64ULL << 20;         ///< of one get: it is held in memory whole
  std::function<time_point()> now;                   ///< the clock that plugins see
  std::function<void(int, const std::string &)> log; ///< OUTSIZE_LOG_*
};

class blob_service final : public blob_stores {
public:
  /// Error: overloaded, when the process has no descriptor left.
  static result<std::unique_ptr<blob_service>> start(std::vector<blob_source> stores, blob_service_options how);
  ~blob_service() override;
  blob_service(const blob_service &) = delete;
  blob_service &operator=(const blob_service &) = delete;

  // ---- blob_io
  [[nodiscard]] std::vector<outsize_blob_store_state> states() const override;
  upload_id begin(const std::string &store, const std::string &key, std::uint64_t bytes) override;
  void add(upload_id upload, rope bytes, std::function<void(result<void>)> then) override;
  void finish(upload_id upload, std::function<void(result<void>)> then) override;
  void abandon(upload_id upload) override;
  void get(const std::string &store, const std::string &key, std::uint64_t from, std::uint64_t bytes,
           time_point deadline, std::function<void(result<rope>)> then) override;

  // ---- blob_stores
  std::size_t run_completions() override;
  void on_time(time_point now) override;
  [[nodiscard]] time_point next_time() const override;
  [[nodiscard]] int event_fd() const override { return box_.event_fd(); }
  [[nodiscard]] std::vector<blob_store_facts> facts() const override;
  [[nodiscard]] std::uint64_t revision() const override { return revision_; }
  void expect(const std::string &store, const marker_expectation &what) override;
  void write_marker(const std::string &store, const blob_marker &marker,
                    std::function<void(result<void>)> then) override;
  void list(const std::string &store, const std::string &prefix, const std::string &after, std::uint32_t count_max,
            time_point deadline, std::function<void(result<blob_page>)> then) override;

private:
  /// As far as it was told to the log and to whoever follows `revision`.
  struct told_state {
    store_standing standing = store_standing::unknown;
    std::string reason;
    std::optional<blob_marker> marker;
    bool lacks_marker = false;
    bool operator==(const told_state &) const = default;
  };
  struct question {
    served_store *store = nullptr;
    time_point until = never;
    std::function<void(result<blob_answer>)> then;
  };

  blob_service(std::vector<blob_source> stores, blob_service_options how);
  [[nodiscard]] served_store *find(const std::string &store) const;
  [[nodiscard]] static error not_configured(const std::string &store);
  /// Asks on a thread of the store; `call` gives a result<T> there.
  template <class T, class Call> void ask(served_store *store, const std::optional<error> &refusal, time_point deadline,
                                          Call call, std::function<void(result<T>)> then);
  void give_up(std::uint64_t number);
  void look(served_store &store, time_point now);
  void note_changes();
  void say(const served_store &store) const;

  void on(finished_step done) { uploads_.on_step(std::move(done)); }
  void on(const finished_undo &done);
  void on(finished_look done);
  void on(finished_question done);
  void on(const due_upload &due) { uploads_.on_due(due.upload); }

  const blob_service_options options_;
  std::shared_ptr<cancel_flag> closing_ = std::make_shared<cancel_flag>();
  std::vector<std::unique_ptr<served_store>> stores_;
  std::map<const served_store *, told_state> told_;
  std::uint64_t revision_ = 0;
  blob_mailbox box_;
  blob_uploads uploads_;
  std::map<std::uint64_t, question> questions_;
  std::uint64_t last_question_ = 0;
};

} // namespace outsize::host
