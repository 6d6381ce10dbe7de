// Threads that may wait: calls to one blob store run here, so that the loop thread never waits for one.
//
// A thread without work sleeps and costs nothing but its stack.
//
// Thread rule: everything on the loop thread; the work itself runs on a thread of these and posts what came out.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace outsize::host {

/// One call, with all it needs: nothing in it is used by anybody else at the same time.
class blob_work {
public:
  blob_work() = default;
  blob_work(const blob_work &) = delete;
  blob_work &operator=(const blob_work &) = delete;
  virtual ~blob_work() = default;
  virtual void run() = 0; ///< must not throw
};

class blob_threads {
public:
  explicit blob_threads(std::uint32_t threads);
  /// Waits for the calls under way; drops what was not begun.
  ~blob_threads();
  blob_threads(const blob_threads &) = delete;
  blob_threads &operator=(const blob_threads &) = delete;

  /// Runs behind what waits, or, when it is `urgent`, before it.
  template <class Run> void submit(Run run, bool urgent = false) {
    push(std::make_unique<work_of<Run>>(std::move(run)), urgent);
  }

private:
  template <class Run> class work_of final : public blob_work {
  public:
    explicit work_of(Run run) : run_(std::move(run)) {}
    void run() override { run_(); }

  private:
    Run run_; ///< may be movable only, which std::function does not take
  };

  void push(std::unique_ptr<blob_work> next, bool urgent);
  void run();

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::unique_ptr<blob_work>> waiting_; // guarded by mutex_
  bool stopping_ = false;                          // guarded by mutex_
  std::vector<std::thread> threads_;               ///< last: they start when everything else is there
};

} // namespace outsize::host
