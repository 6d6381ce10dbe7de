#include <outsize/blob_store.hpp>
#include <outsize/blob_store_handle.hpp>

#include <catch2/catch.hpp>

#include <map>
#include <stdexcept>

using namespace outsize;
using namespace std::chrono_literals;

namespace {

using bytes = std::vector<std::uint8_t>;

/// Blobs in memory; what a store of this kind would keep on disk.
struct shelf {
  std::map<std::string, bytes> blobs;
  int uploads_alive = 0;
};
shelf *shared = nullptr;

class memory_put final : public blob_put {
public:
  memory_put(std::string key, std::uint64_t size) : key_(std::move(key)), size_(size) { ++shared->uploads_alive; }
  ~memory_put() override { --shared->uploads_alive; }
  result<void> chunk(const blob_call &call, std::span<const std::uint8_t> more) override {
    if (result<void> late = call.check(time_point{1s}); !late) {
      return late;
    }
    bytes_.insert(bytes_.end(), more.begin(), more.end());
    return {};
  }
  result<void> finish(const blob_call &) override {
    if (bytes_.size() != size_) {
      return size_error(code::invalid_argument, "not the announced size", bytes_.size(), size_);
    }
    shared->blobs[key_] = bytes_;
    return {};
  }

private:
  std::string key_;
  std::uint64_t size_;
  bytes bytes_;
};

class memory_store final : public blob_store {
public:
  static std::span<const outsize_param> params() { return {}; }
  static result<std::unique_ptr<blob_store>> create(const blob_store_setup &) {
    return std::unique_ptr<blob_store>(std::make_unique<memory_store>());
  }
  result<std::unique_ptr<blob_put>> begin(const blob_call &, std::string_view key, std::uint64_t size) override {
    return std::unique_ptr<blob_put>(std::make_unique<memory_put>(std::string(key), size));
  }
  result<std::uint64_t> get(const blob_call &, std::string_view key, std::uint64_t from,
                            std::span<std::uint8_t> into) override {
    const auto found = shared->blobs.find(std::string(key));
    if (found == shared->blobs.end()) {
      return make_error(code::blob_missing, "no blob " + std::string(key));
    }
    const std::uint64_t left = from < found->second.size() ? found->second.size() - from : 0;
    const std::uint64_t count = std::min<std::uint64_t>(left, into.size());
    std::copy_n(found->second.begin() + static_cast<std::ptrdiff_t>(from), count, into.begin());
    return count;
  }
  result<blob_info> stat(const blob_call &, std::string_view key) override {
    if (key == "throw") {
      throw std::runtime_error("disk on fire");
    }
    return blob_info{shared->blobs[std::string(key)].size(), 1234};
  }
  result<void> list(const blob_call &, std::string_view prefix, const on_key &tell) override {
    for (const auto &[key, blob] : shared->blobs) {
      if (key.starts_with(prefix) && !tell(key, {blob.size(), 0})) {
        break;
      }
    }
    return {};
  }
  result<void> remove(const blob_call &, std::string_view key) override {
    if (shared->blobs.erase(std::string(key)) == 0) {
      return make_error(code::blob_missing, "no blob " + std::string(key));
    }
    return {};
  }
  std::optional<std::uint64_t> free_bytes() override {
    return shared->blobs.empty() ? std::nullopt : std::optional(42UL);
  }
};

struct opened {
  opened() {
    shared = &kept;
    auto made = blob_store_handle::open(blob_store_api<memory_store>(), {&host, {}});
    REQUIRE(made.has_value());
    store = *std::move(made);
  }
  result<void> put(const std::string &key, const bytes &content, std::uint64_t announced) {
    result<blob_upload> upload = store->begin({}, key, announced);
    if (!upload) {
      return upload.error();
    }
    if (result<void> took = upload->chunk({}, content); !took) {
      return took;
    }
    return (*std::move(upload)).finish({});
  }
  outsize_host host{};
  shelf kept;
  std::unique_ptr<blob_store_handle> store;
};

} // namespace

TEST_CASE("blob store layer: a blob is put, read in ranges, looked at and removed") {
  opened use;
  REQUIRE(use.put("orders/1/1", {1, 2, 3, 4}, 4).has_value());
  bytes into(3);
  CHECK(use.store->get({}, "orders/1/1", 1, into).value() == 3);
  CHECK(into == bytes{2, 3, 4});
  CHECK(use.store->get({}, "orders/1/1", 3, into).value() == 1);
  CHECK(use.store->get({}, "orders/1/1", 4, into).value() == 0);
  CHECK(use.store->stat({}, "orders/1/1")->size == 4);
  CHECK(use.store->stat({}, "orders/1/1")->modified_unix_s == 1234);
  CHECK(use.store->free_bytes() == 42UL);
  CHECK(use.store->remove({}, "orders/1/1").has_value());
  CHECK(use.store->remove({}, "orders/1/1").error().code == code::blob_missing);
  CHECK_FALSE(use.store->free_bytes().has_value());
}

TEST_CASE("blob store layer: an upload that is not finished is given up, one that fails to finish too") {
  opened use;
  {
    auto upload = use.store->begin({}, "a", 4);
    REQUIRE(upload.has_value());
    CHECK(use.kept.uploads_alive == 1);
    blob_upload moved = *std::move(upload);
    CHECK(use.kept.uploads_alive == 1);
  }
  CHECK(use.kept.uploads_alive == 0);
  CHECK(use.put("a", {1}, 4).error().actual_bytes == 1);
  CHECK(use.kept.uploads_alive == 0);
  CHECK(use.kept.blobs.empty());
}

TEST_CASE("blob store layer: a call gives up at its deadline and when it is withdrawn") {
  opened use;
  auto upload = use.store->begin({}, "a", 4);
  const std::uint32_t go_on = 0;
  const std::uint32_t stop = 1;
  CHECK(upload->chunk({time_point{1s} + 1ns, &go_on}, bytes{1}).has_value());
  CHECK(upload->chunk({time_point{1s}, &go_on}, bytes{1}).error().code == code::timed_out);
  CHECK(upload->chunk({never, &stop}, bytes{1}).error().code == code::cancelled);
}

TEST_CASE("blob store layer: a listing goes in order, by prefix, until it is told to stop") {
  opened use;
  for (const char *const key : {"b/2", "a/1", "b/1", "b/3"}) {
    REQUIRE(use.put(key, {}, 0).has_value());
  }
  std::vector<std::string> keys;
  const auto note = [&](const std::string &key, const blob_info &) {
    keys.push_back(key);
    return keys.size() < 2;
  };
  REQUIRE(use.store->list({}, "b/", note).has_value());
  CHECK(keys == std::vector<std::string>{"b/1", "b/2"});
}

TEST_CASE("blob store layer: an exception becomes internal") {
  opened use;
  CHECK(use.store->stat({}, "throw").error().code == code::internal);
  CHECK(use.store->stat({}, "throw").error().text == "exception in plugin: disk on fire");
}

TEST_CASE("blob store layer: keys that could leave a folder are refused before any plugin sees them") {
  opened use;
  for (const std::string bad : {"", "/a", "a/", "a//b", ".", "..", "a/../b", "a/.", "a b", "a\\b", "\u00e4", "a\n"}) {
    CHECK_FALSE(valid_blob_key(bad));
    CHECK(use.store->begin({}, bad, 0).error().code == code::invalid_argument);
    CHECK(use.store->get({}, bad, 0, {}).error().code == code::invalid_argument);
    CHECK(use.store->stat({}, bad).error().code == code::invalid_argument);
    CHECK(use.store->remove({}, bad).error().code == code::invalid_argument);
  }
  for (const std::string good : {"a", "a/b", "A-b_c.9", "..a", "a/...", "orders/1/1"}) {
    CHECK(valid_blob_key(good));
  }
  CHECK(valid_blob_key(std::string(200, 'k')));
  CHECK_FALSE(valid_blob_key(std::string(201, 'k')));
  const std::string three = std::string(200, 'a') + '/' + std::string(200, 'b') + '/';
  CHECK(valid_blob_key(three + std::string(110, 'c')));
  CHECK_FALSE(valid_blob_key(three + std::string(111, 'c')));
}
