#include "host/blob/store_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace outsize::host {
namespace {

/// A look that honours its deadline has answered by then.
constexpr duration answer_slack = std::chrono::seconds(1);

} // namespace

void store_watch::expect(const marker_expectation &what, time_point now) {
  if (what.id && what.id != expected_.id) {
    // A marker that was made since the last look says nothing against the store.
    ++expectation_;
    look_now();
  }
  expected_ = what;
  judge(now);
}

void store_watch::on_look_begun(time_point now) {
  looking_ = true;
  looking_for_ = expectation_;
  look_at_ = never;
  silent_from_ = now + times_.look_timeout + answer_slack;
}

void store_watch::on_looked(const result<store_look> &found, time_point now) {
  looking_ = false;
  is_silent_ = false;
  silent_from_ = never;
  look_at_ = std::min(look_at_, now + times_.look_every);
  failure_ = found ? std::nullopt : std::optional(found.error());
  if (found) {
    has_answered_ = true;
    marker_ = found->marker;
    looked_for_ = looking_for_;
    free_bytes_ = found->free_bytes;
    full_until_ = free_bytes_.has_value() ? time_point{} : full_until_;
  }
  judge(now);
}

void store_watch::on_disk_full(time_point now) {
  full_until_ = now + times_.look_every;
  look_now();
  judge(now);
}

void store_watch::on_time(time_point now) {
  is_silent_ = is_silent_ || now >= silent_from_;
  judge(now);
}

time_point store_watch::next_time() const {
  const time_point silent = is_silent_ ? never : silent_from_;
  const time_point full = standing_ == store_standing::full && full_until_ != time_point{} ? full_until_ : never;
  return std::min({looking_ ? never : look_at_, silent, full});
}

bool store_watch::lacks_marker() const {
  const bool is_fresh = has_answered_ && !looking_ && look_at_ != time_point{};
  return is_fresh && !failure_ && !is_silent_ && !marker_ && expected_.is_known && !expected_.id;
}

std::optional<error> store_watch::refusal() const {
  if (is_right_) {
    return std::nullopt;
  }
  return make_error(code::blob_unavailable, fmt::format("blob store \"{}\": {}", name_, reason_),
                    standing_ == store_standing::foreign
                        ? fmt::format("correct where [[blob-store]] {} points, or mount what belongs there; this "
                                      "node looks again by itself",
                                      name_)
                        : "");
}

void store_watch::judge(time_point now) {
  if (has_answered_ && expected_.is_known) {
    judge_marker(); // also while it does not answer: whether it may be tried depends on it
  }
  if (is_silent_) {
    stand(store_standing::unavailable, "it does not answer");
  } else if (failure_ && failure_->code == code::blob_corrupt) {
    is_right_ = false;
    stand(store_standing::foreign, failure_->text);
  } else if (failure_) {
    stand(store_standing::unavailable, fmt::format("{}: {}", name_of(failure_->code), failure_->text));
  } else if (!has_answered_) {
    stand(store_standing::unknown, "it has not been looked at yet");
  } else if (!expected_.is_known) {
    stand(store_standing::unknown, "this node has not heard from the metadata node yet");
  } else if (is_right_ && (now < full_until_ || free_bytes_ == 0U)) {
    stand(store_standing::full, "it has no room");
  }
}

/// Is what is there the store that the metadata knows?
void store_watch::judge_marker() {
  is_right_ = false;
  if (!marker_ && expected_.id && looked_for_ != expectation_) {
    stand(store_standing::unknown, "its marker is new, and it has not been looked at since");
  } else if (!marker_ && expected_.id) {
    stand(store_standing::foreign, fmt::format("it has no marker, and the metadata knows {}: what is there is not the "
                                               "store that blobs were written to",
                                               *expected_.id));
  } else if (!marker_) {
    stand(store_standing::unknown, "it has no marker yet");
  } else if (marker_->cluster != to_hex(expected_.cluster)) {
    stand(store_standing::foreign, fmt::format("its marker {} is of another cluster ({}), this one is {}", marker_->id,
                                               marker_->cluster, to_hex(expected_.cluster)));
  } else if (marker_->store != name_) {
    stand(store_standing::foreign,
          fmt::format("its marker {} is of the blob store \"{}\"", marker_->id, marker_->store));
  } else if (!expected_.id) {
    stand(store_standing::unknown, "its marker is not in the metadata yet");
  } else if (marker_->id != *expected_.id) {
    stand(store_standing::foreign, fmt::format("its marker is {}, the metadata knows {}: the nodes do not see the same "
                                               "store",
                                               marker_->id, *expected_.id));
  } else {
    is_right_ = true;
    stand(store_standing::ready, "");
  }
}

void store_watch::stand(store_standing standing, std::string reason) {
  standing_ = standing;
  reason_ = std::move(reason);
}

} // namespace outsize::host
