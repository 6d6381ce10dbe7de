// The meeting point of in-memory transports, ready-made: a host (or a test) keeps one per process and answers
// get_service(OUTSIZE_INMEMORY_HUB) with its table. Two hubs are two worlds that never meet.
//
// Thread rule: any thread. `release` of an endpoint is never called under the hub's lock.
#pragma once

#include <outsize/abi/host.h>

#include <map>
#include <mutex>
#include <string>

namespace outsize {

class inmemory_hub {
public:
  inmemory_hub() = default;
  inmemory_hub(const inmemory_hub &) = delete;
  inmemory_hub &operator=(const inmemory_hub &) = delete;
  /// Gives back the references of whatever was never withdrawn.
  ~inmemory_hub() {
    for (auto &[name, entry] : entries_) {
      entry.release(entry.endpoint);
    }
  }

  /// What get_service returns for OUTSIZE_INMEMORY_HUB; lives as long as this object.
  [[nodiscard]] const outsize_inmemory_hub *table() const { return &table_; }

private:
  struct published {
    std::string kind;
    void *endpoint;
    void (*retain)(void *endpoint);
    void (*release)(void *endpoint);
  };

  static std::int32_t publish(void *context, const char *name, const char *kind, void *endpoint,
                              void (*retain)(void *endpoint), void (*release)(void *endpoint)) {
    auto *self = static_cast<inmemory_hub *>(context);
    const std::lock_guard lock(self->mutex_);
    if (!self->entries_.try_emplace(name, published{kind, endpoint, retain, release}).second) {
      return 0;
    }
    retain(endpoint);
    return 1;
  }

  static void withdraw(void *context, const char *name, void *endpoint) {
    auto *self = static_cast<inmemory_hub *>(context);
    std::unique_lock lock(self->mutex_);
    const auto found = self->entries_.find(name);
    if (found == self->entries_.end() || found->second.endpoint != endpoint) {
      return; // somebody else's by now
    }
    const published gone = found->second;
    self->entries_.erase(found);
    lock.unlock();
    gone.release(endpoint);
  }

  static void *acquire(void *context, const char *name, const char *kind) {
    auto *self = static_cast<inmemory_hub *>(context);
    const std::lock_guard lock(self->mutex_);
    const auto found = self->entries_.find(name);
    if (found == self->entries_.end() || found->second.kind != kind) {
      return nullptr;
    }
    found->second.retain(found->second.endpoint);
    return found->second.endpoint;
  }

  std::mutex mutex_;
  std::map<std::string, published> entries_; // guarded by mutex_
  const outsize_inmemory_hub table_ = {sizeof(outsize_inmemory_hub), 0, this, &publish, &withdraw, &acquire};
};

} // namespace outsize
