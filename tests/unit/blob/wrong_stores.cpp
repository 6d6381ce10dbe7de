// Blob stores in memory: one that keeps the contract, and many that each break one rule of it, so that the suite itself
// is tested: a kit that finds nothing proves nothing.
#include <outsize/blob_store.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <iterator>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace outsize;

namespace {

using bytes = std::vector<std::uint8_t>;

enum class flaw {
  none,
  eager,         ///< a blob is visible from its first chunk on
  keeper,        ///< an abandoned put becomes a blob
  short_changer, ///< finishes with less than was announced
  greedy,        ///< takes more than was announced
  forgiving,     ///< goes on with a put after a chunk that was too long
  replacer,      ///< puts over an existing blob
  hasty,         ///< looks for an existing blob at begin only
  racer,         ///< looks for one, and then puts
  possessive,    ///< a removed key is never free again
  full_minded,   ///< takes no blob of 0 bytes
  forgetful,     ///< loses the last byte of what is larger than 1 MiB
  overrunner,    ///< writes behind what it got
  late_reader,   ///< finds no byte at the last offset
  wrapper,       ///< takes offsets modulo 2^63
  lenient,       ///< removes what is not there
  sweeper,       ///< removes what begins with the key, too
  boastful,      ///< says what is free, and takes more
  unsorted,      ///< lists backwards
  folder_minded, ///< takes a prefix for a folder
  talkative,     ///< lists on when told to stop
  sizeless,      ///< lists blobs without their size
  skipping,      ///< counts its way through a list that changes
  one_kind,      ///< a key may not go on after a blob's
  shallow,       ///< takes keys of 255 bytes at most
  vague,         ///< whatever is missing is unavailable
  nameless,      ///< its errors name no blob
  deaf,          ///< hears of no deadline and no flag
  leaky,         ///< opens something for each get
  lonely,        ///< each instance has blobs of its own
  common,        ///< every place is the same
  cleaner,       ///< a start ends the uploads of others
};

struct shelf {
  std::mutex mutex;
  std::map<std::string, bytes> blobs; // guarded by mutex
  std::set<std::string> removed;      // guarded by mutex
  std::atomic<int> starts{0};
};

std::shared_ptr<shelf> shelf_of(const std::string &place) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<shelf>> all;
  const std::lock_guard lock(mutex);
  std::shared_ptr<shelf> &found = all[place];
  if (!found) {
    found = std::make_shared<shelf>();
  }
  return found;
}

constexpr std::uint64_t room_bytes = 1ULL << 30U;

template <flaw Flaw> class put final : public blob_put {
public:
  put(host_services host, std::shared_ptr<shelf> on, std::string subject, std::string key, std::uint64_t size)
      : host_(host), shelf_(std::move(on)), subject_(std::move(subject)), key_(std::move(key)), size_(size),
        start_(shelf_->starts) {}
  ~put() override {
    if (Flaw == flaw::keeper && !is_finished_) {
      keep();
    }
  }

  result<void> chunk(const blob_call &call, std::span<const std::uint8_t> more) override {
    if (is_over_) {
      return failed(code::invalid_argument, "the put is over");
    }
    if (const result<void> on = check(call); !on) {
      is_over_ = true;
      return on;
    }
    if (more.size() > size_ - bytes_.size() && Flaw != flaw::greedy) {
      is_over_ = Flaw != flaw::forgiving;
      return size_error(code::invalid_argument, subject_ + ": too long", bytes_.size() + more.size(), size_);
    }
    bytes_.insert(bytes_.end(), more.begin(), more.end());
    if (Flaw == flaw::eager) {
      keep();
    }
    return {};
  }

  result<void> finish(const blob_call &call) override {
    if (is_over_ || (Flaw == flaw::cleaner && start_ != shelf_->starts)) {
      return failed(code::invalid_argument, "the put is over");
    }
    if (const result<void> on = check(call); !on) {
      return on;
    }
    if (bytes_.size() < size_ && Flaw != flaw::short_changer) {
      return size_error(code::invalid_argument, subject_ + ": too short", bytes_.size(), size_);
    }
    if (Flaw == flaw::forgetful && bytes_.size() > 1U << 20U) {
      bytes_.pop_back();
    }
    is_finished_ = true;
    if (Flaw == flaw::replacer || Flaw == flaw::hasty || Flaw == flaw::eager) {
      keep();
      return {};
    }
    return Flaw == flaw::racer ? look_then_keep() : keep_if_free();
  }

private:
  result<void> check(const blob_call &call) const {
    result<void> on = call.check(host_.now());
    return on || Flaw == flaw::deaf ? result<void>() : failed(on.error().code, on.error().text);
  }
  [[nodiscard]] error failed(code what, const std::string &why) const {
    return make_error(what, subject_ + ": " + why);
  }
  void keep() {
    const std::lock_guard lock(shelf_->mutex);
    shelf_->blobs[key_] = bytes_;
  }
  result<void> keep_if_free() {
    const std::lock_guard lock(shelf_->mutex);
    const bool was_there = Flaw == flaw::possessive && shelf_->removed.contains(key_);
    if (was_there || !shelf_->blobs.emplace(key_, bytes_).second) {
      return failed(code::blob_exists, "there is one");
    }
    return {};
  }
  result<void> look_then_keep() {
    {
      const std::lock_guard lock(shelf_->mutex);
      if (shelf_->blobs.contains(key_)) {
        return failed(code::blob_exists, "there is one");
      }
    }
    for (int i = 0; i < 1000; ++i) {
      std::this_thread::yield(); // where another one comes in between
    }
    keep();
    return {};
  }

  const host_services host_;
  const std::shared_ptr<shelf> shelf_;
  const std::string subject_;
  const std::string key_;
  const std::uint64_t size_;
  const int start_;
  bytes bytes_;
  bool is_over_ = false;
  bool is_finished_ = false;
};

template <flaw Flaw> class store final : public blob_store {
public:
  static std::span<const outsize_param> params() {
    static constexpr std::array table = {param::string("shelf", nullptr, "The name of the shelf.")};
    return table;
  }
  static result<std::unique_ptr<blob_store>> create(const blob_store_setup &setup) {
    return std::unique_ptr<blob_store>(std::make_unique<store>(setup.host, std::string(setup.params.text("shelf"))));
  }
  store(host_services host, const std::string &place)
      : host_(host), place_(place), shelf_(Flaw == flaw::lonely   ? std::make_shared<shelf>()
                                           : Flaw == flaw::common ? shelf_of("")
                                                                  : shelf_of(place)) {
    ++shelf_->starts;
  }

  result<std::unique_ptr<blob_put>> begin(const blob_call &call, std::string_view key, std::uint64_t size) override {
    const std::string wanted(key);
    if (const result<void> on = check(call, wanted); !on) {
      return on.error();
    }
    if (size > room_bytes && Flaw != flaw::boastful) {
      return failed(code::disk_full, wanted, "no room");
    }
    if ((Flaw == flaw::full_minded && size == 0) || (Flaw == flaw::shallow && key.size() > 255) ||
        (Flaw == flaw::one_kind && goes_on_after_another(wanted))) {
      return failed(code::invalid_argument, wanted, "not here");
    }
    const std::lock_guard lock(shelf_->mutex);
    if (Flaw == flaw::hasty && shelf_->blobs.contains(wanted)) {
      return failed(code::blob_exists, wanted, "there is one");
    }
    return std::unique_ptr<blob_put>(std::make_unique<put<Flaw>>(host_, shelf_, subject(wanted), wanted, size));
  }

  result<std::uint64_t> get(const blob_call &call, std::string_view key, std::uint64_t from,
                            std::span<std::uint8_t> into) override {
    if (Flaw == flaw::leaky) {
      (void)::dup(STDIN_FILENO);
    }
    const result<bytes> blob = find(call, std::string(key));
    if (!blob) {
      return blob.error();
    }
    if (Flaw == flaw::wrapper) {
      from &= INT64_MAX;
    }
    std::uint64_t left = from < blob->size() ? blob->size() - from : 0;
    if (Flaw == flaw::late_reader && left == 1) {
      left = 0;
    }
    const std::uint64_t count = std::min<std::uint64_t>(left, into.size());
    if (Flaw == flaw::overrunner) {
      std::ranges::fill(into, std::uint8_t{0});
    }
    std::copy_n(blob->begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(from, blob->size())), count,
                into.begin());
    return count;
  }

  result<blob_info> stat(const blob_call &call, std::string_view key) override {
    const result<bytes> blob = find(call, std::string(key));
    return blob ? result<blob_info>(info_of(*blob)) : blob.error();
  }

  result<void> list(const blob_call &call, std::string_view prefix, const on_key &tell) override {
    std::vector<std::string> keys = keys_with(std::string(prefix));
    if (Flaw == flaw::unsorted) {
      std::ranges::reverse(keys);
    }
    for (std::size_t i = 0;; ++i) {
      if (const result<void> on = check(call, std::string(prefix)); !on) {
        return on;
      }
      if (Flaw == flaw::skipping) {
        keys = keys_with(std::string(prefix));
      }
      if (i >= keys.size()) {
        return {};
      }
      const result<bytes> blob = find({}, keys[i]);
      const bool goes_on = !blob || tell(keys[i], Flaw == flaw::sizeless ? blob_info{} : info_of(*blob));
      if (!goes_on && Flaw != flaw::talkative) {
        return {};
      }
    }
  }

  result<void> remove(const blob_call &call, std::string_view key) override {
    const std::string wanted(key);
    if (const result<bytes> blob = find(call, wanted); !blob) {
      return Flaw == flaw::lenient && blob.error().code == code::blob_missing ? result<void>() : blob.error();
    }
    const std::lock_guard lock(shelf_->mutex);
    if (Flaw == flaw::sweeper) {
      std::erase_if(shelf_->blobs, [&](const auto &blob) { return blob.first.starts_with(wanted); });
      return {};
    }
    shelf_->removed.insert(wanted);
    return shelf_->blobs.erase(wanted) == 1 ? result<void>() : missing(wanted);
  }

  std::optional<std::uint64_t> free_bytes() override { return room_bytes; }

private:
  [[nodiscard]] std::string subject(const std::string &key) const {
    return Flaw == flaw::nameless ? "a blob" : "blob \"" + key + "\" on shelf " + place_;
  }
  [[nodiscard]] error failed(code what, const std::string &key, const std::string &why) const {
    return make_error(what, subject(key) + ": " + why);
  }
  [[nodiscard]] error missing(const std::string &key) const {
    return failed(Flaw == flaw::vague ? code::blob_unavailable : code::blob_missing, key, "there is none");
  }
  [[nodiscard]] result<void> check(const blob_call &call, const std::string &key) const {
    result<void> on = call.check(host_.now());
    return on || Flaw == flaw::deaf ? result<void>() : failed(on.error().code, key, on.error().text);
  }
  [[nodiscard]] result<bytes> find(const blob_call &call, const std::string &key) const {
    if (const result<void> on = check(call, key); !on) {
      return on.error();
    }
    const std::lock_guard lock(shelf_->mutex);
    const auto found = shelf_->blobs.find(key);
    return found == shelf_->blobs.end() ? result<bytes>(missing(key)) : found->second;
  }
  [[nodiscard]] std::vector<std::string> keys_with(const std::string &prefix) const {
    const std::lock_guard lock(shelf_->mutex);
    std::vector<std::string> keys;
    for (const auto &[key, blob] : shelf_->blobs) {
      const bool below = prefix.empty() || key == prefix || key.starts_with(prefix + "/");
      if (Flaw == flaw::folder_minded ? below : key.starts_with(prefix)) {
        keys.push_back(key);
      }
    }
    return keys;
  }
  [[nodiscard]] bool goes_on_after_another(const std::string &key) const {
    const std::lock_guard lock(shelf_->mutex);
    return std::ranges::any_of(shelf_->blobs, [&](const auto &blob) { return key.starts_with(blob.first + "/"); });
  }
  static blob_info info_of(const bytes &blob) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    static const std::uint64_t at =
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(now).count());
    return {blob.size(), at};
  }

  const host_services host_;
  const std::string place_;
  const std::shared_ptr<shelf> shelf_;
};

template <flaw Flaw> outsize_component component(const char *name) {
  return blob_store_component<store<Flaw>>(name, "breaks one rule");
}

// ---- what the C++ layer does not let happen: a table with one entry of another make

using table = outsize_blob_store_api;

template <void (*Change)(table &)> outsize_component changed(const char *name) {
  static const table api = [] {
    table made = *blob_store_api<store<flaw::none>>();
    Change(made);
    return made;
  }();
  outsize_component made = component<flaw::none>(name);
  made.api = &api;
  return made;
}

std::int32_t trusting_stat(outsize_blob_store *self, const outsize_blob_call *call, const char *key,
                           outsize_blob_info *info, outsize_error *error) {
  const auto found = reinterpret_cast<blob_store *>(self)->stat(blob_call::from(*call), key);
  if (!found) {
    to_abi(found.error(), error);
    return 0;
  }
  detail::store_info(*found, info);
  return 1;
}

std::int32_t stout_stat(outsize_blob_store *self, const outsize_blob_call *call, const char *key,
                        outsize_blob_info *info, outsize_error *error) {
  const auto found = reinterpret_cast<blob_store *>(self)->stat(blob_call::from(*call), key);
  if (!found) {
    to_abi(found.error(), error);
    return 0;
  }
  *info = found->raw();
  return 1;
}

std::int32_t throwing_get(outsize_blob_store *, const outsize_blob_call *, const char *, std::uint64_t, std::uint8_t *,
                          std::uint64_t, std::uint64_t *, outsize_error *) {
  throw std::runtime_error("not caught here");
}

void be_trusting(table &api) {
  api.stat = &trusting_stat;
}
void be_stout(table &api) {
  api.stat = &stout_stat;
}
void throw_things(table &api) {
  api.get = &throwing_get;
}

} // namespace

OUTSIZE_MODULE("org.example.wrong-stores", "wrong-stores", "Example", "1.0.0", "Apache-2.0",
               component<flaw::none>("right"), component<flaw::eager>("eager"), component<flaw::keeper>("keeper"),
               component<flaw::short_changer>("short-changer"), component<flaw::greedy>("greedy"),
               component<flaw::forgiving>("forgiving"), component<flaw::replacer>("replacer"),
               component<flaw::hasty>("hasty"), component<flaw::racer>("racer"),
               component<flaw::possessive>("possessive"), component<flaw::full_minded>("full-minded"),
               component<flaw::forgetful>("forgetful"), component<flaw::overrunner>("overrunner"),
               component<flaw::late_reader>("late-reader"), component<flaw::wrapper>("wrapper"),
               component<flaw::lenient>("lenient"), component<flaw::sweeper>("sweeper"),
               component<flaw::boastful>("boastful"), component<flaw::unsorted>("unsorted"),
               component<flaw::folder_minded>("folder-minded"), component<flaw::talkative>("talkative"),
               component<flaw::sizeless>("sizeless"), component<flaw::skipping>("skipping"),
               component<flaw::one_kind>("one-kind"), component<flaw::shallow>("shallow"),
               component<flaw::vague>("vague"), component<flaw::nameless>("nameless"), component<flaw::deaf>("deaf"),
               component<flaw::leaky>("leaky"), component<flaw::lonely>("lonely"), component<flaw::common>("common"),
               component<flaw::cleaner>("cleaner"), changed<&be_trusting>("trusting"), changed<&be_stout>("stout"),
               changed<&throw_things>("throwing"))
