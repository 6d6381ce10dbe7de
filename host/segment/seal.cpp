#include "host/segment/seal.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace outsize::host {

segment_seal::segment_seal(segment_task task, peers &servers) : task_(std::move(task)), servers_(servers) {
  for (const std::string &node : task_.nodeset) {
    members_.try_emplace(node);
  }
}

void segment_seal::step(time_point now) {
  for (auto &[node, member] : members_) {
    if (sealed_.count(node) == 0 && member.ready(now)) {
      ask(node, now);
    }
  }
}

void segment_seal::ask(const std::string &node, time_point now) {
  members_[node].on_asked();
  const wire::seal message{task_.segment, task_.generation, task_.known_tail};
  servers_.seal(node, message, now + task_.request_timeout,
                [this, node, alive = std::weak_ptr<bool>(alive_)](const result<wire::sealed> &answer, const rope &) {
                  if (alive.expired()) {
                    return;
                  }
                  on_answer(node, answer);
                  const auto changed = task_.changed;
                  changed();
                });
}

void segment_seal::on_answer(const std::string &node, const result<wire::sealed> &answer) {
  if (!answer) {
    on_failure(node, answer.error());
  } else if (answer->refused.has_value()) {
    on_failure(node, wire::to_error(*answer->refused));
  } else if (answer->segment != task_.segment || answer->state.sealed == 0) {
    on_failure(node, make_error(code::malformed, "the answer to a seal does not say that the segment is sealed"));
  } else {
    members_[node].on_answer();
    sealed_[node] = answer->state;
  }
}

void segment_seal::on_failure(const std::string &node, const error &why) {
  const std::uint64_t random = task_.random ? task_.random() : 0;
  if (members_[node].on_failure(why, task_.pause_min, task_.pause_max, random, task_.now())) {
    superseded_ = fmt::format("{} answered a seal with {}: {}", node, name_of(why.code), why.text);
  }
}

void segment_seal::on_link_up(const std::string &node) {
  if (const auto found = members_.find(node); found != members_.end()) {
    found->second.on_link_up();
  }
}

time_point segment_seal::next_time() const {
  time_point next = never;
  for (const auto &[node, member] : members_) {
    next = sealed_.count(node) == 0 ? std::min(next, member.next_time()) : next;
  }
  return next;
}

std::string segment_seal::waits_for() const {
  std::string missing;
  for (const auto &[node, member] : members_) {
    if (sealed_.count(node) == 0) {
      missing +=
          fmt::format("{}{} ({})", missing.empty() ? "" : ", ", node, member.failing() ? member.last_error() : "asked");
    }
  }
  return fmt::format("sealing segment {}: {} of {} log servers have sealed, {} must; waits for {}", task_.segment.index,
                     sealed_.size(), task_.nodeset.size(), task_.f_majority(), missing);
}

} // namespace outsize::host
