// Writing a blob store: derive from outsize::blob_store and outsize::blob_put, export with blob_store_component. The
// contract, rule by rule, is in <outsize/abi/blob_store.h>; this layer only takes the C out of it.
//
// A class T needs
//   static std::span<const outsize_param> params();               // may be empty
//   static outsize::result<std::unique_ptr<outsize::blob_store>> create(const outsize::blob_store_setup &);
#pragma once

#include <outsize/abi/blob_store.h>
#include <outsize/blob_call.hpp>
#include <outsize/host.hpp>
#include <outsize/module.hpp>
#include <outsize/params.hpp>
#include <outsize/result.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace outsize {

/// What create gets. `params` is borrowed for the call; `host` may be copied and kept.
struct blob_store_setup {
  host_services host;
  param_view params;
};

/// One upload under way. Destroyed without a finish that succeeded, it removes its traces (rule B-01). Never used from
/// two threads at once.
class blob_put {
public:
  blob_put() = default;
  blob_put(const blob_put &) = delete;
  blob_put &operator=(const blob_put &) = delete;
  virtual ~blob_put() = default;

  /// The next bytes; borrowed for the call. [blocking]
  virtual result<void> chunk(const blob_call &call, std::span<const std::uint8_t> bytes) = 0;
  /// Makes the blob durable and visible, having checked that exactly the announced bytes came. The last call.
  /// [blocking]
  virtual result<void> finish(const blob_call &call) = 0;
};

/// A blob store, as its author writes it. Several threads may be inside of one instance at once. Illegal keys never get
/// here. The functions mean what their namesakes in outsize_blob_store_api mean.
class blob_store {
public:
  using on_key = std::function<bool(const std::string &key, const blob_info &info)>; ///< false ends the listing

  blob_store() = default;
  blob_store(const blob_store &) = delete;
  blob_store &operator=(const blob_store &) = delete;
  virtual ~blob_store() = default;

  virtual result<std::unique_ptr<blob_put>> begin(const blob_call &call, std::string_view key, std::uint64_t size) = 0;
  /// How many bytes of `into` were filled: less than all only at the end of the blob.
  virtual result<std::uint64_t> get(const blob_call &call, std::string_view key, std::uint64_t from,
                                    std::span<std::uint8_t> into) = 0;
  virtual result<blob_info> stat(const blob_call &call, std::string_view key) = 0;
  virtual result<void> list(const blob_call &call, std::string_view prefix, const on_key &tell) = 0;
  virtual result<void> remove(const blob_call &call, std::string_view key) = 0;
  /// Bytes that may still be written; nothing when the store cannot tell.
  virtual std::optional<std::uint64_t> free_bytes() = 0;
};

namespace detail {

inline blob_store *self_of(outsize_blob_store *self) {
  return reinterpret_cast<blob_store *>(self);
}
inline blob_put *self_of(outsize_blob_put *self) {
  return reinterpret_cast<blob_put *>(self);
}

/// Writes what both sides know into the caller's storage, whose size stays.
inline void store_info(const blob_info &from, outsize_blob_info *to) {
  outsize_blob_info made = from.raw();
  made.struct_size = to->struct_size;
  std::memcpy(to, &made, std::min<std::size_t>(to->struct_size, sizeof made));
}

template <class T> std::int32_t blob_store_create(const outsize_blob_store_open *open, outsize_blob_store **out,
                                                  outsize_error *error) noexcept {
  return guarded(error, [&]() -> std::int32_t {
    const blob_store_setup setup{host_services(open->host), param_view(open->params, open->param_count)};
    result<std::unique_ptr<blob_store>> made = T::create(setup);
    if (!made) {
      to_abi(made.error(), error);
      return 0;
    }
    *out = reinterpret_cast<outsize_blob_store *>(made.value().release());
    return 1;
  });
}

inline std::int32_t blob_store_begin(outsize_blob_store *self, const outsize_blob_call *call, const char *key,
                                     std::uint64_t size, outsize_blob_put **out, outsize_error *error) noexcept {
  return guarded(error, [&]() -> std::int32_t {
    if (const result<void> legal = check_blob_key(key); !legal) {
      return answer(legal, error);
    }
    result<std::unique_ptr<blob_put>> made = self_of(self)->begin(blob_call::from(*call), key, size);
    if (!made) {
      to_abi(made.error(), error);
      return 0;
    }
    *out = reinterpret_cast<outsize_blob_put *>(made.value().release());
    return 1;
  });
}

inline std::int32_t blob_store_chunk(outsize_blob_put *put, const outsize_blob_call *call, const std::uint8_t *data,
                                     std::uint64_t size, outsize_error *error) noexcept {
  return guarded(error, [&] {
    return answer(self_of(put)->chunk(blob_call::from(*call), {data, static_cast<std::size_t>(size)}), error);
  });
}

inline std::int32_t blob_store_finish(outsize_blob_put *put, const outsize_blob_call *call,
                                      outsize_error *error) noexcept {
  const std::unique_ptr<blob_put> owned(self_of(put));
  return guarded(error, [&] { return answer(owned->finish(blob_call::from(*call)), error); });
}

inline void blob_store_abandon(outsize_blob_put *put) noexcept {
  delete self_of(put);
}

inline std::int32_t blob_store_get(outsize_blob_store *self, const outsize_blob_call *call, const char *key,
                                   std::uint64_t from, std::uint8_t *data, std::uint64_t size, std::uint64_t *got,
                                   outsize_error *error) noexcept {
  return guarded(error, [&]() -> std::int32_t {
    if (const result<void> legal = check_blob_key(key); !legal) {
      return answer(legal, error);
    }
    const result<std::uint64_t> outcome =
        self_of(self)->get(blob_call::from(*call), key, from, {data, static_cast<std::size_t>(size)});
    if (!outcome) {
      to_abi(outcome.error(), error);
      return 0;
    }
    *got = outcome.value();
    return 1;
  });
}

inline std::int32_t blob_store_stat(outsize_blob_store *self, const outsize_blob_call *call, const char *key,
                                    outsize_blob_info *info, outsize_error *error) noexcept {
  return guarded(error, [&]() -> std::int32_t {
    if (const result<void> legal = check_blob_key(key); !legal) {
      return answer(legal, error);
    }
    const result<blob_info> outcome = self_of(self)->stat(blob_call::from(*call), key);
    if (!outcome) {
      to_abi(outcome.error(), error);
      return 0;
    }
    store_info(outcome.value(), info);
    return 1;
  });
}

inline std::int32_t blob_store_list(outsize_blob_store *self, const outsize_blob_call *call, const char *prefix,
                                    void *context,
                                    std::int32_t (*on_key)(void *, const char *, const outsize_blob_info *),
                                    outsize_error *error) noexcept {
  return guarded(error, [&] {
    const blob_store::on_key tell = [&](const std::string &key, const blob_info &info) {
      const outsize_blob_info raw = info.raw();
      return on_key(context, key.c_str(), &raw) != 0;
    };
    return answer(self_of(self)->list(blob_call::from(*call), prefix, tell), error);
  });
}

inline std::int32_t blob_store_remove(outsize_blob_store *self, const outsize_blob_call *call, const char *key,
                                      outsize_error *error) noexcept {
  return guarded(error, [&] {
    const result<void> legal = check_blob_key(key);
    return answer(legal ? self_of(self)->remove(blob_call::from(*call), key) : legal, error);
  });
}

inline std::uint64_t blob_store_free_bytes(outsize_blob_store *self) noexcept {
  std::uint64_t bytes = UINT64_MAX;
  guarded(nullptr, [&]() -> std::int32_t {
    bytes = self_of(self)->free_bytes().value_or(UINT64_MAX);
    return 1;
  });
  return bytes;
}

inline void blob_store_destroy(outsize_blob_store *self) noexcept {
  delete self_of(self);
}

} // namespace detail

/// The function table of blob store class T; static.
template <class T> const outsize_blob_store_api *blob_store_api() {
  static const outsize_blob_store_api api = {sizeof(outsize_blob_store_api), 0,
                                             &detail::blob_store_create<T>,  &detail::blob_store_begin,
                                             &detail::blob_store_chunk,      &detail::blob_store_finish,
                                             &detail::blob_store_abandon,    &detail::blob_store_get,
                                             &detail::blob_store_stat,       &detail::blob_store_list,
                                             &detail::blob_store_remove,     &detail::blob_store_free_bytes,
                                             &detail::blob_store_destroy};
  return &api;
}

template <class T> outsize_component blob_store_component(const char *name, const char *documentation) {
  return detail::component(OUTSIZE_BLOB_STORE_KIND, name, documentation, blob_store_api<T>(), T::params());
}

} // namespace outsize
