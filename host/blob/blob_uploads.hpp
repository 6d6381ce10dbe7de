// The uploads under way: each does one step at a time, in order, on a thread of its store.
//
// A put goes into a step and comes back with its outcome. A step that does not come back in time is not waited for: the
// upload has failed, and what it left is taken back when the step returns.
//
// Thread rule: the loop thread.
#pragma once

#include "host/blob/served_store.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace outsize::host {

struct upload_limits {
  duration step_timeout = std::chrono::seconds(30); ///< of handing over one piece
  duration answer_slack = std::chrono::seconds(2);  ///< a plugin that honours a deadline has answered by then
  std::uint64_t bytes_max = 32ULL << 20;            ///< of one upload, handed over and not taken; always one piece
};

class blob_uploads {
public:
  using told = std::function<void(result<void>)>;

  /// `box` and the stores outlive it; `now` is the clock that plugins see.
  blob_uploads(blob_mailbox &box, upload_limits limits, std::function<time_point()> now)
      : box_(box), limits_(limits), now_(std::move(now)) {}

  /// As the functions of blob_io. Without a store the upload fails with `why`.
  upload_id begin(served_store *store, const error &why, const std::string &key, std::uint64_t bytes);
  void add(upload_id upload, rope bytes, told then);
  void finish(upload_id upload, told then);
  void abandon(upload_id upload);

  void on_step(finished_step done);
  void on_due(upload_id upload);
  void on_time(time_point now);
  [[nodiscard]] time_point next_time() const;

  /// Ends the calls under way early; before the stores' threads are joined.
  void cancel_all();

private:
  struct piece {
    rope bytes; ///< empty while a step has them
    std::uint64_t size = 0;
    told then;
  };
  struct upload {
    served_store *store = nullptr;
    std::string key;
    std::uint64_t bytes = 0; ///< announced
    std::shared_ptr<cancel_flag> cancel = std::make_shared<cancel_flag>();
    std::optional<blob_upload> put; ///< here while no step runs
    std::deque<piece> waiting;      ///< the first is in the step that runs, unless that is the last one
    std::uint64_t waiting_bytes = 0;
    told finished; ///< asked for
    std::optional<error> failed;
    time_point step_until = never; ///< a step runs, and is waited for so long
    bool step_is_last = false;
    bool is_over = false; ///< nobody is told anything any more; it stays until its step is back

    [[nodiscard]] bool is_running() const { return step_until != never; }
  };
  using place = std::map<upload_id, upload>::iterator;

  [[nodiscard]] place open_upload(upload_id id);
  void go_on(place at);
  void submit_step(place at);
  void fail(upload &of, error why);
  void tell_failed(upload_id id);
  void end(place at);
  void forget(place at);
  void undo(upload &of, bool is_visible);

  blob_mailbox &box_;
  const upload_limits limits_;
  const std::function<time_point()> now_;
  std::map<upload_id, upload> uploads_;
  upload_id last_ = 0;
};

} // namespace outsize::host
