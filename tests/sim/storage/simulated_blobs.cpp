#include "sim/storage/simulated_blobs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace outsize::sim {

namespace {

error away() {
  return make_error(code::blob_unavailable, fmt::format("blob store {} is away", blob_store_name));
}

} // namespace

simulated_blobs::simulated_blobs(blob_shelf &shelf, duration delay_max, random_source random, const time_point &clock,
                                 findings &found)
    : shelf_(shelf), delay_max_(delay_max), random_(random), clock_(clock), found_(found) {}

std::size_t simulated_blobs::crash() {
  std::size_t left_behind = 0;
  for (auto &[id, one] : uploads_) {
    const bool has_all = one.is_finishing && one.written.size() == one.bytes;
    const bool may_be_there = has_all && !one.is_there && random_.one_in(2);
    left_behind += one.is_there || (may_be_there && put(one)) ? 1 : 0;
  }
  uploads_.clear();
  steps_.clear();
  expected_ = {};
  seen_ = {};
  ++revision_;
  return left_behind;
}

// ---- putting --------------------------------------------------------------------------------------------------------

result<void> simulated_blobs::can_put() const {
  switch (shelf_.now_in) {
  case blob_shelf::trouble::away:
    return away();
  case blob_shelf::trouble::full:
    return make_error(code::disk_full, fmt::format("blob store {} is full", blob_store_name));
  default:
    return {};
  }
}

result<void> simulated_blobs::put(upload &what) {
  if (result<void> can = can_put(); !can) {
    return can;
  }
  if (what.written.size() != what.bytes) {
    found_.add("form", "a blob of {} bytes was finished with {}", what.bytes, what.written.size());
  }
  if (!loses_ && !shelf_.blobs.emplace(what.key, what.written).second) {
    found_.add("form", "blob {} was put twice", what.key);
  }
  what.is_there = true;
  return {};
}

host::upload_id simulated_blobs::begin(const std::string &store, const std::string &key, std::uint64_t bytes) {
  if (store != blob_store_name) {
    found_.add("form", "a blob was to go to store \"{}\"", store);
  }
  uploads_[++last_upload_] = {key, bytes, {}, false, false, clock_};
  return last_upload_;
}

void simulated_blobs::step(host::upload_id which, std::function<void(upload &)> what) {
  upload &of = uploads_.at(which);
  of.last_step = std::max(of.last_step, after_a_while());
  at(of.last_step, [this, which, what = std::move(what)] {
    if (const auto found = uploads_.find(which); found != uploads_.end()) {
      what(found->second);
    }
  });
}

void simulated_blobs::add(host::upload_id which, rope bytes, std::function<void(result<void>)> then) {
  step(which, [this, bytes = std::move(bytes), then = std::move(then)](upload &of) {
    result<void> can = can_put();
    if (can) {
      of.written.append(bytes);
    }
    then(std::move(can));
  });
}

/// It is durable first, and told afterwards: a machine may die in between.
void simulated_blobs::finish(host::upload_id which, std::function<void(result<void>)> then) {
  uploads_.at(which).is_finishing = true;
  const auto tell = [this, which, then = std::move(then)](const result<void> &outcome) {
    step(which, [this, which, then, outcome](upload &) {
      uploads_.erase(which);
      then(outcome);
    });
  };
  step(which, [this, tell](upload &of) { tell(put(of)); });
}

/// Whatever of it is there is removed, later; a machine that dies before leaves it.
void simulated_blobs::abandon(host::upload_id which) {
  const auto ended = uploads_.extract(which);
  if (!ended.empty() && ended.mapped().is_there) {
    at(after_a_while(), [this, key = ended.mapped().key] { shelf_.blobs.erase(key); });
  }
}

// ---- getting --------------------------------------------------------------------------------------------------------

void simulated_blobs::get(const std::string &store, const std::string &key, std::uint64_t from, std::uint64_t bytes,
                          time_point deadline, std::function<void(result<rope>)> then) {
  if (store != blob_store_name) {
    found_.add("form", "a blob was to come from store \"{}\"", store);
  }
  const time_point done = after_a_while();
  const bool is_late = done > deadline;
  at(std::min(done, deadline), [this, key, from, bytes, is_late, then = std::move(then)] {
    const auto found = shelf_.blobs.find(key);
    if (is_late || shelf_.now_in == blob_shelf::trouble::away) {
      then(away());
    } else if (found == shelf_.blobs.end()) {
      then(make_error(code::blob_missing, fmt::format("blob {} is not there", key)));
    } else {
      const std::uint64_t first = std::min(from, found->second.size());
      then(found->second.slice(first, std::min(bytes, found->second.size() - first)));
    }
  });
}

void simulated_blobs::list(const std::string & /*store*/, const std::string &prefix, const std::string &after,
                           std::uint32_t count_max, time_point /*deadline*/,
                           std::function<void(result<host::blob_page>)> then) {
  at(after_a_while(), [this, prefix, after, count_max, then = std::move(then)] {
    host::blob_page page;
    for (const auto &[key, bytes] : shelf_.blobs) {
      if (key.starts_with(prefix) && key > after && !page.more) {
        page.more = page.blobs.size() == count_max;
        if (!page.more) {
          page.blobs.push_back({key, bytes.size(), 0});
        }
      }
    }
    then(std::move(page));
  });
}

// ---- the loop -------------------------------------------------------------------------------------------------------

std::size_t simulated_blobs::run_completions() {
  std::size_t count = 0;
  for (; !steps_.empty() && steps_.begin()->first <= clock_; ++count) {
    const auto due = steps_.extract(steps_.begin());
    due.mapped()();
  }
  return count;
}

void simulated_blobs::on_time(time_point /*now*/) {
  if (const sight now = look(); now != seen_) {
    seen_ = now;
    ++revision_;
  }
}

time_point simulated_blobs::next_time() const {
  return steps_.empty() ? never : steps_.begin()->first;
}

// ---- whose they are -------------------------------------------------------------------------------------------------

simulated_blobs::sight simulated_blobs::look() const {
  sight made;
  made.marker = shelf_.marker.has_value() ? std::optional(shelf_.marker->id) : std::nullopt;
  if (shelf_.now_in == blob_shelf::trouble::away) {
    return {OUTSIZE_BLOB_STORE_UNAVAILABLE, {}};
  }
  if (!expected_.is_known || !expected_.id.has_value()) {
    made.state = OUTSIZE_BLOB_STORE_UNAVAILABLE;
  } else if (made.marker != expected_.id) {
    made.state = OUTSIZE_BLOB_STORE_FOREIGN;
  } else {
    made.state = shelf_.now_in == blob_shelf::trouble::full ? OUTSIZE_BLOB_STORE_FULL : OUTSIZE_BLOB_STORE_READY;
  }
  return made;
}

std::vector<outsize_blob_store_state> simulated_blobs::states() const {
  return {{sizeof(outsize_blob_store_state), look().state, blob_store_name, UINT64_MAX}};
}

std::vector<host::blob_store_facts> simulated_blobs::facts() const {
  host::blob_store_facts made;
  made.name = blob_store_name;
  made.state = seen_.state;
  made.uploads = uploads_.size();
  if (shelf_.now_in != blob_shelf::trouble::away) {
    made.marker = shelf_.marker;
    made.lacks_marker = !shelf_.marker.has_value() && expected_.is_known && !expected_.id.has_value();
  }
  return {made};
}

void simulated_blobs::expect(const std::string & /*store*/, const host::marker_expectation &what) {
  if (expected_ != what) {
    expected_ = what;
    seen_ = look();
    ++revision_;
  }
}

void simulated_blobs::write_marker(const std::string & /*store*/, const host::blob_marker &marker,
                                   std::function<void(result<void>)> then) {
  at(after_a_while(), [this, marker, then = std::move(then)] {
    result<void> can = can_put();
    if (can && !shelf_.marker.has_value()) {
      shelf_.marker = marker;
    }
    then(std::move(can));
  });
}

} // namespace outsize::sim
