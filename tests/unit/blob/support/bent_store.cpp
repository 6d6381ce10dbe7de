#include "bent_store.hpp"

#include <outsize/time.hpp>

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

namespace outsize::test {
namespace {

class bent_put final : public blob_put {
public:
  bent_put(bent_shelf &shelf, std::string key, std::uint64_t size) : shelf_(shelf), key_(std::move(key)), size_(size) {
    shelf_.on_put_begun();
  }
  ~bent_put() override { shelf_.on_put_ended(); }

  result<void> chunk(const blob_call &call, std::span<const std::uint8_t> more) override {
    if (result<void> on = shelf_.enter("chunk", call, key_); !on) {
      return on;
    }
    bytes_.insert(bytes_.end(), more.begin(), more.end());
    return bytes_.size() <= size_ ? result<void>() : make_error(code::invalid_argument, key_ + ": too many bytes");
  }
  result<void> finish(const blob_call &call) override {
    if (result<void> on = shelf_.enter("finish", call, key_); !on) {
      return on;
    }
    return bytes_.size() == size_ ? shelf_.keep(key_, std::move(bytes_))
                                  : make_error(code::invalid_argument, key_ + ": too few bytes");
  }

private:
  bent_shelf &shelf_;
  const std::string key_;
  const std::uint64_t size_;
  bent_shelf::bytes bytes_;
};

class bent_store final : public blob_store {
public:
  static std::span<const outsize_param> params() { return {}; }
  static result<std::unique_ptr<blob_store>> create(const blob_store_setup &setup) {
    return std::unique_ptr<blob_store>(
        std::make_unique<bent_store>(*static_cast<bent_shelf *>(setup.host.table()->context)));
  }
  explicit bent_store(bent_shelf &shelf) : shelf_(shelf) {}

  result<std::unique_ptr<blob_put>> begin(const blob_call &call, std::string_view key, std::uint64_t size) override {
    if (result<void> on = shelf_.enter("begin", call, std::string(key)); !on) {
      return std::move(on).error();
    }
    return std::unique_ptr<blob_put>(std::make_unique<bent_put>(shelf_, std::string(key), size));
  }
  result<std::uint64_t> get(const blob_call &call, std::string_view key, std::uint64_t from,
                            std::span<std::uint8_t> into) override {
    if (result<void> on = shelf_.enter("get", call, std::string(key)); !on) {
      return std::move(on).error();
    }
    const result<bent_shelf::bytes> blob = shelf_.find(std::string(key));
    if (!blob) {
      return blob.error();
    }
    const std::uint64_t left = from < blob->size() ? blob->size() - from : 0;
    const std::uint64_t count = std::min<std::uint64_t>(left, into.size());
    std::copy_n(blob->begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(from, blob->size())), count,
                into.begin());
    return count;
  }
  result<blob_info> stat(const blob_call &call, std::string_view key) override {
    if (result<void> on = shelf_.enter("stat", call, std::string(key)); !on) {
      return std::move(on).error();
    }
    const result<bent_shelf::bytes> blob = shelf_.find(std::string(key));
    return blob ? result<blob_info>(blob_info{blob->size(), 1000}) : blob.error();
  }
  result<void> list(const blob_call &call, std::string_view prefix, const on_key &tell) override {
    if (result<void> on = shelf_.enter("list", call, std::string(prefix)); !on) {
      return on;
    }
    for (const auto &[key, blob] : shelf_.all()) {
      if (key.starts_with(prefix) && !tell(key, {blob.size(), 1000})) {
        break;
      }
    }
    return {};
  }
  result<void> remove(const blob_call &call, std::string_view key) override {
    if (result<void> on = shelf_.enter("remove", call, std::string(key)); !on) {
      return on;
    }
    return shelf_.take_away(std::string(key));
  }
  std::optional<std::uint64_t> free_bytes() override { return shelf_.free_bytes(); }

private:
  bent_shelf &shelf_;
};

} // namespace

bent_shelf::bent_shelf() {
  host_.struct_size = sizeof host_;
  host_.context = this;
}

void bent_shelf::fail(const std::string &call, code why) {
  const std::lock_guard lock(mutex_);
  failing_[call] = why;
}

void bent_shelf::heal() {
  const std::lock_guard lock(mutex_);
  failing_.clear();
  shorter_by_ = 0;
}

void bent_shelf::hold(const std::string &call, bool deaf) {
  const std::lock_guard lock(mutex_);
  holding_.insert(call);
  is_deaf_ = deaf;
}

void bent_shelf::let_go() {
  {
    const std::lock_guard lock(mutex_);
    holding_.clear();
  }
  changed_.notify_all();
}

void bent_shelf::wait_for_held(const std::string &call) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return held_[call] > 0; });
}

void bent_shelf::shorten(std::uint64_t by) {
  const std::lock_guard lock(mutex_);
  shorter_by_ = by;
}

void bent_shelf::set_free(std::optional<std::uint64_t> free_bytes) {
  const std::lock_guard lock(mutex_);
  free_bytes_ = free_bytes;
}

void bent_shelf::put(const std::string &key, const std::string &text) {
  const std::lock_guard lock(mutex_);
  blobs_[key] = bytes(text.begin(), text.end());
}

void bent_shelf::drop(const std::string &key) {
  const std::lock_guard lock(mutex_);
  blobs_.erase(key);
}

std::optional<std::string> bent_shelf::blob(const std::string &key) const {
  const std::lock_guard lock(mutex_);
  const auto found = blobs_.find(key);
  return found == blobs_.end() ? std::nullopt : std::optional(std::string(found->second.begin(), found->second.end()));
}

std::vector<std::string> bent_shelf::keys() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> made;
  for (const auto &[key, blob] : blobs_) {
    made.push_back(key);
  }
  return made;
}

int bent_shelf::puts_alive() const {
  const std::lock_guard lock(mutex_);
  return puts_alive_;
}

int bent_shelf::calls(const std::string &name) const {
  const std::lock_guard lock(mutex_);
  const auto found = calls_.find(name);
  return found == calls_.end() ? 0 : found->second;
}

/// A held call looks at its bounds again and again, as a plugin does between two steps.
result<void> bent_shelf::enter(const std::string &call, const blob_call &bounds, const std::string &key) {
  std::unique_lock lock(mutex_);
  ++calls_[call];
  ++held_[call];
  changed_.notify_all();
  result<void> on = bounds.check(steady_now());
  while (holding_.contains(call) && (on || is_deaf_)) {
    changed_.wait_for(lock, std::chrono::milliseconds(1));
    on = bounds.check(steady_now());
  }
  --held_[call];
  if (!on && !is_deaf_) {
    return on;
  }
  if (const auto failing = failing_.find(call); failing != failing_.end()) {
    return make_error(failing->second, key + " in the bent store: " + call + " fails");
  }
  return {};
}

void bent_shelf::on_put_begun() {
  const std::lock_guard lock(mutex_);
  ++puts_alive_;
}

void bent_shelf::on_put_ended() {
  const std::lock_guard lock(mutex_);
  --puts_alive_;
}

result<void> bent_shelf::keep(const std::string &key, bytes blob) {
  const std::lock_guard lock(mutex_);
  if (blobs_.contains(key)) {
    return make_error(code::blob_exists, key + " in the bent store: there is one already");
  }
  blob.resize(blob.size() - std::min<std::size_t>(blob.size(), shorter_by_));
  blobs_[key] = std::move(blob);
  return {};
}

result<bent_shelf::bytes> bent_shelf::find(const std::string &key) const {
  const std::lock_guard lock(mutex_);
  const auto found = blobs_.find(key);
  return found == blobs_.end() ? result<bytes>(make_error(code::blob_missing, key + " is not in the bent store"))
                               : found->second;
}

result<void> bent_shelf::take_away(const std::string &key) {
  const std::lock_guard lock(mutex_);
  return blobs_.erase(key) == 1 ? result<void>() : make_error(code::blob_missing, key + " is not in the bent store");
}

std::map<std::string, bent_shelf::bytes> bent_shelf::all() const {
  const std::lock_guard lock(mutex_);
  return blobs_;
}

std::optional<std::uint64_t> bent_shelf::free_bytes() const {
  const std::lock_guard lock(mutex_);
  return free_bytes_;
}

std::unique_ptr<blob_store_handle> open_bent_store(bent_shelf &shelf) {
  return blob_store_handle::open(blob_store_api<bent_store>(), {shelf.host(), {}}).value();
}

} // namespace outsize::test
