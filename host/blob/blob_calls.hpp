// What runs on a blob thread: the calls to a store's plugin, each with everything it needs and nothing that is shared.
//
// What belongs to a put goes from the loop thread into a call and comes back with its outcome, so it is always in one
// hand. The only thing that two threads look at is the flag that ends a call early.
//
// Thread rule: run on blob threads, several at once, never two with the same put.
#pragma once

#include "host/blob/blob_io.hpp"
#include "host/blob/blob_marker.hpp"

#include <outsize/blob_store_handle.hpp>
#include <outsize/buffer.hpp>
#include <outsize/result.hpp>
#include <outsize/time.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace outsize::host {

/// Ends a call early (blob store contract, B-04).
class cancel_flag {
public:
  void raise() { __atomic_store_n(&raised_, 1U, __ATOMIC_RELAXED); }
  [[nodiscard]] const volatile std::uint32_t *address() const { return &raised_; }

private:
  std::uint32_t raised_ = 0;
};

/// The bounds of a call. The flag is kept alive by it.
struct call_bounds {
  time_point deadline = never;
  std::shared_ptr<cancel_flag> cancel;
  [[nodiscard]] blob_call call() const { return {deadline, cancel == nullptr ? nullptr : cancel->address()}; }
};

/// The next step of an upload: begins the put when there is none, hands over a piece, and finishes when it is the last.
struct upload_step {
  upload_id upload = 0;
  std::string key;
  std::uint64_t bytes = 0; ///< of the whole blob
  std::optional<blob_upload> put;
  rope piece;
  bool is_last = false;
  call_bounds bounds;
  time_point verified_by = never; ///< the deadline of what follows a finish
  time_point undone_by = never;   ///< and of what follows when that fails
};
struct finished_step {
  upload_id upload = 0;
  std::optional<blob_upload> put; ///< to go on with; none after the last step and after a failure
  result<void> outcome;
  bool is_visible = false; ///< the blob is there
};
finished_step run_step(blob_store_handle &store, upload_step step);

/// Takes back what an upload has left: gives up its put, removes its blob.
struct undo_step {
  std::string key;
  std::optional<blob_upload> put;
  bool is_visible = false;
  time_point deadline = never;
};
result<void> run_undo(blob_store_handle &store, undo_step step);

struct get_call {
  std::string key;
  std::uint64_t from = 0;
  std::uint64_t bytes = 0;
  call_bounds bounds;
};
result<rope> run_get(blob_store_handle &store, const get_call &what);

struct listed_blob {
  std::string key;
  std::uint64_t bytes = 0;
  std::uint64_t modified_unix_s = 0; ///< wall clock of the store
};
/// A stretch of the blobs whose keys begin with a prefix, in the order of their keys.
struct blob_page {
  std::vector<listed_blob> blobs;
  bool more = false; ///< there are others behind the last one
};
struct list_call {
  std::string prefix;
  std::string after; ///< only keys behind this one; empty: all
  std::uint32_t count_max = 0;
  call_bounds bounds;
};
result<blob_page> run_list(blob_store_handle &store, const list_call &what);

/// What a look at a store has found. A store that gives its marker and cannot list it has failed: what it holds may
/// still be within reach when its place is not.
struct store_look {
  std::optional<blob_marker> marker; ///< none: there is no such blob
  std::optional<std::uint64_t> free_bytes;
};
result<store_look> run_look(blob_store_handle &store, const call_bounds &bounds);

/// Puts a marker where none is. One that is there already is left alone, and is no error: the next look finds it.
result<void> run_mark(blob_store_handle &store, const blob_marker &marker, const call_bounds &bounds);

} // namespace outsize::host
