// A blob store that is slow: it takes `chunk-delay` over every chunk, and else keeps blobs as files in a folder. It
// honours deadlines and cancellation, which is all that the contract asks of it; a host has to live with the rest.
#include <outsize/blob_store.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <utility>

namespace outsize::test {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t seconds = 1'000'000'000;
/// Between two looks at whether a call was withdrawn.
constexpr duration look_every = std::chrono::milliseconds(50);

error missing(std::string_view key) {
  return make_error(code::blob_missing, "there is no blob \"" + std::string(key) + "\"");
}

error exists(std::string_view key) {
  return make_error(code::blob_exists, "there is a blob \"" + std::string(key) + "\" already");
}

/// Takes its time; less when the call has to end.
result<void> dawdle(const blob_call &call, duration how_long) {
  std::mutex alone;
  std::condition_variable nobody_notifies;
  const time_point until = steady_now() + how_long;
  for (std::unique_lock lock(alone); steady_now() < until;) {
    if (result<void> on = call.check(steady_now()); !on) {
      return on;
    }
    nobody_notifies.wait_for(lock, std::min(look_every, until - steady_now()));
  }
  return {};
}

class slow_put : public blob_put {
public:
  slow_put(fs::path place, std::uint64_t size, duration delay)
      : place_(std::move(place)), size_(size), delay_(delay), file_(unfinished(), std::ios::binary) {}
  ~slow_put() override {
    std::error_code gone;
    fs::remove(unfinished(), gone);
  }

  result<void> chunk(const blob_call &call, std::span<const std::uint8_t> bytes) override {
    if (result<void> on = dawdle(call, delay_); !on) {
      return on;
    }
    file_.write(reinterpret_cast<const char *>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    put_ += bytes.size();
    return {};
  }

  result<void> finish(const blob_call & /*call*/) override {
    file_.close();
    if (!file_.good() || put_ != size_) {
      return make_error(code::blob_unavailable, place_.string() + " could not be written");
    }
    std::error_code taken;
    fs::create_hard_link(unfinished(), place_, taken);
    return taken ? result<void>(exists(place_.filename().string())) : result<void>();
  }

private:
  /// Other processes put the same blob.
  [[nodiscard]] fs::path unfinished() const { return place_.string() + ".unfinished-" + std::to_string(::getpid()); }

  fs::path place_;
  std::uint64_t size_;
  duration delay_;
  std::uint64_t put_ = 0;
  std::ofstream file_;
};

class slow_store : public blob_store {
public:
  static std::span<const outsize_param> params() {
    static constexpr std::array table = {
        param::path("directory", nullptr, "Where the blobs are."),
        param::duration("chunk-delay", "5s", "What every chunk takes.", 0, 60 * seconds),
    };
    return table;
  }
  static result<std::unique_ptr<blob_store>> create(const blob_store_setup &setup) {
    fs::path folder(std::string(setup.params.text("directory")));
    fs::create_directories(folder);
    return std::unique_ptr<blob_store>(
        std::make_unique<slow_store>(std::move(folder), setup.params.duration("chunk-delay")));
  }
  slow_store(fs::path folder, duration delay) : folder_(std::move(folder)), delay_(delay) {}

  result<std::unique_ptr<blob_put>> begin(const blob_call & /*call*/, std::string_view key,
                                          std::uint64_t size) override {
    if (fs::exists(place_of(key))) {
      return exists(key);
    }
    return std::unique_ptr<blob_put>(std::make_unique<slow_put>(place_of(key), size, delay_));
  }
  result<std::uint64_t> get(const blob_call & /*call*/, std::string_view key, std::uint64_t from,
                            std::span<std::uint8_t> into) override {
    std::ifstream file(place_of(key), std::ios::binary);
    if (!file.is_open()) {
      return missing(key);
    }
    file.seekg(static_cast<std::streamoff>(from));
    file.read(reinterpret_cast<char *>(into.data()), static_cast<std::streamsize>(into.size()));
    return static_cast<std::uint64_t>(file.gcount());
  }
  result<blob_info> stat(const blob_call & /*call*/, std::string_view key) override {
    std::error_code failed;
    const std::uintmax_t size = fs::file_size(place_of(key), failed);
    return failed ? result<blob_info>(missing(key)) : blob_info{size, 0};
  }
  result<void> list(const blob_call & /*call*/, std::string_view /*prefix*/, const on_key & /*tell*/) override {
    return {}; // nobody lists it
  }
  result<void> remove(const blob_call & /*call*/, std::string_view key) override {
    return fs::remove(place_of(key)) ? result<void>() : missing(key);
  }
  std::optional<std::uint64_t> free_bytes() override { return std::nullopt; }

private:
  /// All keys side by side: no part of a key has this letter.
  [[nodiscard]] fs::path place_of(std::string_view key) const {
    std::string name(key);
    std::replace(name.begin(), name.end(), '/', '+');
    return folder_ / name;
  }

  fs::path folder_;
  duration delay_;
};

} // namespace
} // namespace outsize::test

OUTSIZE_MODULE("org.outsize.test.slow-blob", "slow-blob", "Outsize", "0.1.0", "Apache-2.0",
               outsize::blob_store_component<outsize::test::slow_store>("slow-blob",
                                                                        "a store of files that takes its time"))
