#include "host/blob/blob_threads.hpp"

namespace outsize::host {

blob_threads::blob_threads(std::uint32_t threads) {
  for (std::uint32_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { run(); });
  }
}

blob_threads::~blob_threads() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_all();
  for (std::thread &thread : threads_) {
    thread.join();
  }
}

void blob_threads::push(std::unique_ptr<blob_work> next, bool urgent) {
  {
    const std::lock_guard lock(mutex_);
    if (urgent) {
      waiting_.push_front(std::move(next));
    } else {
      waiting_.push_back(std::move(next));
    }
  }
  arrived_.notify_one();
}

void blob_threads::run() {
  for (;;) {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) {
      return;
    }
    const std::unique_ptr<blob_work> next = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    next->run();
  }
}

} // namespace outsize::host
