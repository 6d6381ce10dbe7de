#include "host/blob/blob_calls.hpp"

#include "host/blob/blob_key.hpp"

#include <fmt/format.h>

#include <utility>

namespace outsize::host {
namespace {

result<void> put_piece(blob_upload &put, const rope &piece, const blob_call &call) {
  for (const buffer &part : piece.parts()) {
    if (result<void> took = put.chunk(call, part.span()); !took) {
      return took;
    }
  }
  return {};
}

/// Durable it is, says the store. Is it all there?
result<void> verify_length(blob_store_handle &store, const upload_step &step, const blob_call &call) {
  const result<blob_info> found = store.stat(call, step.key);
  if (!found) {
    return found.error();
  }
  if (found->size != step.bytes) {
    return size_error(code::blob_corrupt,
                      fmt::format("{} has {} bytes in its store, {} were written", step.key, found->size, step.bytes),
                      found->size, step.bytes);
  }
  return {};
}

/// A blob that was made and cannot be used. Nobody may stop this halfway.
error without(blob_store_handle &store, const upload_step &step, error why) {
  if (const result<void> gone = store.remove({step.undone_by, nullptr}, step.key); !gone) {
    why.text += fmt::format("; and it cannot be removed: {}", gone.error().text);
  }
  return why;
}

result<void> finish(blob_store_handle &store, upload_step &step, bool &is_visible) {
  blob_upload put = *std::exchange(step.put, std::nullopt);
  if (result<void> done = std::move(put).finish(step.bounds.call()); !done) {
    return done;
  }
  const blob_call call{step.verified_by, step.bounds.cancel->address()};
  if (result<void> whole = verify_length(store, step, call); !whole) {
    return without(store, step, std::move(whole).error());
  }
  is_visible = true;
  return {};
}

} // namespace

finished_step run_step(blob_store_handle &store, upload_step step) {
  finished_step done;
  done.upload = step.upload;
  if (!step.put) {
    result<blob_upload> begun = store.begin(step.bounds.call(), step.key, step.bytes);
    if (!begun) {
      done.outcome = std::move(begun).error();
      return done;
    }
    step.put = *std::move(begun);
  }
  done.outcome = put_piece(*step.put, step.piece, step.bounds.call());
  if (done.outcome && step.is_last) {
    done.outcome = finish(store, step, done.is_visible);
  } else if (done.outcome) {
    done.put = std::move(step.put);
  }
  return done; // what failed is given up here, where waiting is allowed
}

result<void> run_undo(blob_store_handle &store, undo_step step) {
  step.put.reset();
  return step.is_visible ? store.remove({step.deadline, nullptr}, step.key) : result<void>();
}

result<rope> run_get(blob_store_handle &store, const get_call &what) {
  writable_buffer bytes(what.bytes);
  const std::span<std::uint8_t> into(bytes.data(), static_cast<std::size_t>(what.bytes));
  const result<std::uint64_t> got = store.get(what.bounds.call(), what.key, what.from, into);
  if (!got) {
    return got.error();
  }
  if (*got > what.bytes) {
    return make_error(code::internal,
                      fmt::format("{}: the blob store says it gave {} bytes of {}", what.key, *got, what.bytes));
  }
  bytes.set_size(*got);
  return rope(std::move(bytes).freeze());
}

result<blob_page> run_list(blob_store_handle &store, const list_call &what) {
  blob_page page;
  const auto tell = [&](const std::string &key, const blob_info &info) {
    if (key <= what.after) {
      return true;
    }
    page.more = page.blobs.size() == what.count_max;
    if (!page.more) {
      page.blobs.push_back({key, info.size, info.modified_unix_s});
    }
    return !page.more;
  };
  if (const result<void> told = store.list(what.bounds.call(), what.prefix, tell); !told) {
    return told.error();
  }
  return page;
}

result<store_look> run_look(blob_store_handle &store, const call_bounds &bounds) {
  store_look found;
  const get_call marker{std::string(blob_marker_key), 0, blob_marker_bytes_max, bounds};
  const result<rope> bytes = run_get(store, marker);
  if (!bytes && bytes.error().code != code::blob_missing) {
    return bytes.error();
  }
  if (bytes) {
    result<blob_marker> read = decode_blob_marker(bytes->flatten().text());
    if (!read) {
      return std::move(read).error();
    }
    found.marker = *std::move(read);
  }
  const auto enough = [](const std::string &, const blob_info &) { return false; };
  if (result<void> listed = store.list(bounds.call(), std::string(blob_marker_key), enough); !listed) {
    return std::move(listed).error();
  }
  found.free_bytes = store.free_bytes();
  return found;
}

result<void> run_mark(blob_store_handle &store, const blob_marker &marker, const call_bounds &bounds) {
  const std::string text = encode(marker);
  upload_step whole;
  whole.key = std::string(blob_marker_key);
  whole.bytes = text.size();
  whole.piece = rope(buffer::copy_of(text));
  whole.is_last = true;
  whole.bounds = bounds;
  whole.verified_by = bounds.deadline;
  whole.undone_by = bounds.deadline;
  const finished_step done = run_step(store, std::move(whole));
  const bool is_there = !done.outcome && done.outcome.error().code == code::blob_exists;
  return is_there ? result<void>() : done.outcome;
}

} // namespace outsize::host
