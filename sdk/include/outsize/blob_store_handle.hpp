// Using a blob store: one instance behind a C++ face, for hosts and test suites.
//
// Thread rule: any thread that may block, several at once; never two on the same upload. open and the destructor from
// one thread, with no call running and no upload alive.
#pragma once

#include <outsize/abi/blob_store.h>
#include <outsize/blob_call.hpp>
#include <outsize/result.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace outsize {

/// An upload under way; gives it up when destroyed before finish. Ends before its store.
class blob_upload {
public:
  blob_upload(const outsize_blob_store_api *api, outsize_blob_put *put) : api_(api), put_(put) {}
  blob_upload(blob_upload &&other) noexcept : api_(other.api_), put_(std::exchange(other.put_, nullptr)) {}
  blob_upload &operator=(blob_upload &&other) noexcept {
    std::swap(api_, other.api_);
    std::swap(put_, other.put_);
    return *this;
  }
  ~blob_upload() {
    if (put_ != nullptr) {
      api_->abandon(put_);
    }
  }

  result<void> chunk(const blob_call &call, std::span<const std::uint8_t> bytes) {
    const outsize_blob_call raw = call.raw();
    outsize_error why = empty_abi_error();
    if (api_->chunk(put_, &raw, bytes.data(), bytes.size(), &why) == 0) {
      return from_abi(why);
    }
    return {};
  }
  /// Durable and visible when it succeeds; gone without a trace when it does not.
  result<void> finish(const blob_call &call) && {
    const outsize_blob_call raw = call.raw();
    outsize_error why = empty_abi_error();
    if (api_->finish(std::exchange(put_, nullptr), &raw, &why) == 0) {
      return from_abi(why);
    }
    return {};
  }

private:
  const outsize_blob_store_api *api_;
  outsize_blob_put *put_;
};

/// An illegal key is refused here as invalid_argument: a zero byte in one would make it another key across the line.
class blob_store_handle {
public:
  using on_key = std::function<bool(const std::string &key, const blob_info &info)>; ///< false ends the listing

  struct options {
    const outsize_host *host = nullptr; ///< outlives the handle
    std::span<const outsize_param_value> params;
  };

  /// Makes an instance of `api`, which outlives the handle.
  static result<std::unique_ptr<blob_store_handle>> open(const outsize_blob_store_api *api, const options &how) {
    std::unique_ptr<blob_store_handle> made(new blob_store_handle(api));
    outsize_blob_store_open open{};
    open.struct_size = sizeof open;
    open.param_count = static_cast<std::uint32_t>(how.params.size());
    open.host = how.host;
    open.params = how.params.data();
    outsize_error why = empty_abi_error();
    if (api->create(&open, &made->self_, &why) == 0) {
      made->self_ = nullptr;
      return from_abi(why);
    }
    return made;
  }

  blob_store_handle(const blob_store_handle &) = delete;
  blob_store_handle &operator=(const blob_store_handle &) = delete;
  ~blob_store_handle() {
    if (self_ != nullptr) {
      api_->destroy(self_);
    }
  }

  result<blob_upload> begin(const blob_call &call, const std::string &key, std::uint64_t size) {
    if (result<void> legal = check_blob_key(key); !legal) {
      return std::move(legal).error();
    }
    const outsize_blob_call raw = call.raw();
    outsize_blob_put *put = nullptr;
    outsize_error why = empty_abi_error();
    if (api_->begin(self_, &raw, key.c_str(), size, &put, &why) == 0) {
      return from_abi(why);
    }
    return blob_upload(api_, put);
  }
  /// How many bytes of `into` were filled: less than all only at the end of the blob.
  result<std::uint64_t> get(const blob_call &call, const std::string &key, std::uint64_t from,
                            std::span<std::uint8_t> into) {
    if (result<void> legal = check_blob_key(key); !legal) {
      return std::move(legal).error();
    }
    const outsize_blob_call raw = call.raw();
    std::uint64_t got = 0;
    outsize_error why = empty_abi_error();
    if (api_->get(self_, &raw, key.c_str(), from, into.data(), into.size(), &got, &why) == 0) {
      return from_abi(why);
    }
    return got;
  }
  result<blob_info> stat(const blob_call &call, const std::string &key) {
    if (result<void> legal = check_blob_key(key); !legal) {
      return std::move(legal).error();
    }
    const outsize_blob_call raw = call.raw();
    outsize_blob_info info{};
    info.struct_size = sizeof info;
    outsize_error why = empty_abi_error();
    if (api_->stat(self_, &raw, key.c_str(), &info, &why) == 0) {
      return from_abi(why);
    }
    return blob_info::from(info);
  }
  /// Keys in order; `tell` must not throw.
  result<void> list(const blob_call &call, const std::string &prefix, const on_key &tell) {
    const outsize_blob_call raw = call.raw();
    outsize_error why = empty_abi_error();
    const auto forward = [](void *context, const char *key, const outsize_blob_info *info) -> std::int32_t {
      return (*static_cast<const on_key *>(context))(key, blob_info::from(*info)) ? 1 : 0;
    };
    if (api_->list(self_, &raw, prefix.c_str(), const_cast<on_key *>(&tell), forward, &why) == 0) {
      return from_abi(why);
    }
    return {};
  }
  result<void> remove(const blob_call &call, const std::string &key) {
    if (result<void> legal = check_blob_key(key); !legal) {
      return legal;
    }
    const outsize_blob_call raw = call.raw();
    outsize_error why = empty_abi_error();
    if (api_->remove(self_, &raw, key.c_str(), &why) == 0) {
      return from_abi(why);
    }
    return {};
  }
  /// Nothing when the store cannot tell.
  [[nodiscard]] std::optional<std::uint64_t> free_bytes() {
    const std::uint64_t bytes = OUTSIZE_HAS(api_, free_bytes) ? api_->free_bytes(self_) : UINT64_MAX;
    return bytes == UINT64_MAX ? std::nullopt : std::optional(bytes);
  }

private:
  explicit blob_store_handle(const outsize_blob_store_api *api) : api_(api) {}

  const outsize_blob_store_api *api_;
  outsize_blob_store *self_ = nullptr;
};

} // namespace outsize
