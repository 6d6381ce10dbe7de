#include "host/blob/blob_uploads.hpp"

#include "host/core/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace outsize::host {
namespace {

/// What was written may still be in memory when a put is finished, and has to get to a disk this slow.
constexpr std::uint64_t synced_bytes_per_second_min = 8ULL << 20;
/// A system holds no more in memory than gets there within that time.
constexpr std::uint64_t sync_seconds_max = 600;

duration sync_time_of(std::uint64_t bytes) {
  return std::chrono::seconds(std::min(bytes / synced_bytes_per_second_min, sync_seconds_max));
}

} // namespace

upload_id blob_uploads::begin(served_store *store, const error &why, const std::string &key, std::uint64_t bytes) {
  upload &made = uploads_[++last_];
  made.store = store;
  made.key = key;
  made.bytes = bytes;
  if (store == nullptr) {
    made.failed = why;
  } else if (std::optional<error> refused = store->watch.refusal()) {
    store->count(*refused);
    made.failed = std::move(refused);
  }
  if (store != nullptr) {
    ++store->uploads;
  }
  return last_;
}

void blob_uploads::add(upload_id id, rope bytes, told then) {
  const place at = open_upload(id);
  upload &to = at->second;
  const std::uint64_t size = bytes.size();
  if (!to.failed && !to.waiting.empty() && to.waiting_bytes + size > limits_.bytes_max) {
    fail(to, size_error(code::overloaded,
                        fmt::format("blob store \"{}\": {}: {} bytes would be handed over and not taken yet",
                                    to.store->name, to.key, to.waiting_bytes + size),
                        to.waiting_bytes + size, limits_.bytes_max));
  }
  to.waiting.push_back({std::move(bytes), size, std::move(then)});
  to.waiting_bytes += size;
  go_on(at);
}

void blob_uploads::finish(upload_id id, told then) {
  const place at = open_upload(id);
  at->second.finished = std::move(then);
  go_on(at);
}

void blob_uploads::abandon(upload_id id) {
  if (const place at = uploads_.find(id); at != uploads_.end()) {
    end(at);
  }
}

void blob_uploads::on_step(finished_step done) {
  const place at = uploads_.find(done.upload);
  OUTSIZE_CHECK(at != uploads_.end(), "an upload stays until its step is back");
  upload &of = at->second;
  of.step_until = never;
  of.put = std::move(done.put);
  if (of.is_over) {
    undo(of, done.is_visible);
    forget(at);
    return;
  }
  if (of.failed) { // it was given up meanwhile, and its owner knows or is about to
    undo(of, done.is_visible);
    return;
  }
  if (!done.outcome) {
    fail(of, std::move(done.outcome).error());
    tell_failed(done.upload);
    return;
  }
  of.store->bytes_put += of.step_is_last ? 0 : of.waiting.front().size;
  of.store->blobs_put += of.step_is_last ? 1 : 0;
  told then;
  if (of.step_is_last) {
    then = std::move(of.finished);
    forget(at);
  } else {
    then = std::move(of.waiting.front().then);
    of.waiting_bytes -= of.waiting.front().size;
    of.waiting.pop_front();
    go_on(at);
  }
  then({});
}

void blob_uploads::on_due(upload_id id) {
  tell_failed(id);
}

void blob_uploads::on_time(time_point now) {
  std::vector<upload_id> late;
  for (auto &[id, one] : uploads_) {
    if (!one.is_over && !one.failed && now >= one.step_until) {
      fail(one, make_error(code::timed_out, fmt::format("blob store \"{}\": {}: the store has not answered in time",
                                                        one.store->name, one.key)));
      late.push_back(id);
    }
  }
  for (const upload_id id : late) {
    tell_failed(id);
  }
}

time_point blob_uploads::next_time() const {
  time_point next = never;
  for (const auto &[id, one] : uploads_) {
    next = std::min(next, one.is_over || one.failed ? never : one.step_until);
  }
  return next;
}

void blob_uploads::cancel_all() {
  for (auto &[id, one] : uploads_) {
    one.cancel->raise();
  }
}

/// Bytes and an end are for an upload that its owner has neither finished nor abandoned.
blob_uploads::place blob_uploads::open_upload(upload_id id) {
  const place at = uploads_.find(id);
  OUTSIZE_CHECK(at != uploads_.end() && !at->second.is_over && !at->second.finished, "the upload is over");
  return at;
}

void blob_uploads::go_on(place at) {
  upload &of = at->second;
  if (of.failed) {
    box_.post(due_upload{at->first});
  } else if (!of.is_running() && (!of.waiting.empty() || of.finished)) {
    submit_step(at);
  }
}

void blob_uploads::submit_step(place at) {
  upload &of = at->second;
  upload_step step;
  step.upload = at->first;
  step.key = of.key;
  step.bytes = of.bytes;
  step.put = std::exchange(of.put, std::nullopt);
  step.is_last = of.waiting.empty();
  if (!step.is_last) {
    step.piece = std::exchange(of.waiting.front().bytes, {});
  }
  const duration allowed = limits_.step_timeout + (step.is_last ? sync_time_of(of.bytes) : duration::zero());
  step.bounds = {now_() + allowed, of.cancel};
  step.verified_by = step.bounds.deadline + limits_.step_timeout;
  step.undone_by = step.verified_by + limits_.step_timeout;
  of.step_is_last = step.is_last;
  of.step_until = (step.is_last ? step.undone_by : step.bounds.deadline) + limits_.answer_slack;
  of.store->writers->submit([&box = box_, &store = *of.store->handle, step = std::move(step)]() mutable {
    box.post(run_step(store, std::move(step)));
  });
}

void blob_uploads::fail(upload &of, error why) {
  if (of.store != nullptr) {
    of.store->count(why);
    if (why.code == code::disk_full) {
      of.store->watch.on_disk_full(now_());
    }
  }
  of.cancel->raise();
  of.failed = std::move(why);
}

/// Callbacks may end the upload, or begin others: nothing of it is held on to while one runs.
void blob_uploads::tell_failed(upload_id id) {
  for (place at = uploads_.find(id); at != uploads_.end() && !at->second.is_over && at->second.failed;
       at = uploads_.find(id)) {
    upload &of = at->second;
    const error why = *of.failed;
    told then;
    if (!of.waiting.empty()) {
      then = std::move(of.waiting.front().then);
      of.waiting.pop_front();
    } else if (of.finished) {
      then = std::move(of.finished);
      end(at);
    } else {
      return;
    }
    then(why);
  }
}

/// Nobody is told anything any more. What it left is taken back, at once or when its step is back.
void blob_uploads::end(place at) {
  upload &of = at->second;
  of.cancel->raise();
  of.waiting.clear();
  of.finished = nullptr;
  if (of.is_running()) {
    of.is_over = true;
    return;
  }
  undo(of, false);
  forget(at);
}

void blob_uploads::forget(place at) {
  if (at->second.store != nullptr) {
    --at->second.store->uploads;
  }
  uploads_.erase(at);
}

void blob_uploads::undo(upload &of, bool is_visible) {
  if (!of.put && !is_visible) {
    return;
  }
  undo_step step{of.key, std::exchange(of.put, std::nullopt), is_visible, now_() + limits_.step_timeout};
  of.store->writers->submit([&box = box_, in = of.store, &store = *of.store->handle, step = std::move(step)]() mutable {
    const std::string key = step.key;
    box.post(finished_undo{in, key, run_undo(store, std::move(step))});
  });
}

} // namespace outsize::host
