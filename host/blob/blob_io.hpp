// How the machines of a node reach blob stores: every call is asked now and answered later, on other threads' work.
//
// A store is named as it is configured. Errors are those of outsize.blob-store/1: blob_missing, blob_denied,
// blob_unavailable and blob_corrupt are four different things, disk_full is a fifth; each names the store. A store that
// is not configured here is not_found.
//
// Thread rule: the node's loop thread. Callbacks run later, never inside the call, exactly once, unless the upload was
// abandoned: then not at all.
#pragma once

#include <outsize/buffer.hpp>
#include <outsize/result.hpp>
#include <outsize/time.hpp>

#include <outsize/abi/size_policy.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace outsize::host {

/// Names an upload; 0 is none.
using upload_id = std::uint64_t;

class blob_io {
public:
  virtual ~blob_io() = default;

  /// What policies are told about each store. The names live as long as this object.
  [[nodiscard]] virtual std::vector<outsize_blob_store_state> states() const = 0;

  /// Begins to write a blob of exactly `bytes` bytes under `key`. Failures come with the first add or finish.
  virtual upload_id begin(const std::string &store, const std::string &key, std::uint64_t bytes) = 0;
  /// The next bytes. `then` is called when they were handed to the store; there may be several under way, they keep
  /// their order.
  virtual void add(upload_id upload, rope bytes, std::function<void(result<void>)> then) = 0;
  /// All bytes were added. `then` hears when the blob is durable and was verified, or why not; the upload is over.
  virtual void finish(upload_id upload, std::function<void(result<void>)> then) = 0;
  /// Takes back what was written; also after a failure. No callback of the upload is called any more.
  virtual void abandon(upload_id upload) = 0;

  /// Bytes [from, from + bytes) of a blob; fewer only at its end.
  virtual void get(const std::string &store, const std::string &key, std::uint64_t from, std::uint64_t bytes,
                   time_point deadline, std::function<void(result<rope>)> then) = 0;
};

} // namespace outsize::host
