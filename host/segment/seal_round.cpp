#include "host/segment/seal_round.hpp"

#include "host/segment/quorum.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace outsize::host {

seal_round::seal_round(settings how, peers &servers) : settings_(std::move(how)), peers_(servers) {
  for (const std::string &node : settings_.nodeset) {
    ask_at_[node] = time_point{duration::min()};
  }
}

seal_round::~seal_round() {
  *alive_ = false;
}

void seal_round::on_time(time_point now) {
  now_ = now;
  std::vector<std::string> due;
  for (const auto &[node, when] : ask_at_) {
    if (when <= now) {
      due.push_back(node);
    }
  }
  for (const std::string &node : due) {
    ask(node, now);
  }
}

void seal_round::ask(const std::string &node, time_point now) {
  ask_at_.erase(node);
  wire::seal message;
  message.segment = settings_.segment;
  message.generation = settings_.generation;
  peers_.seal(node, message, now + settings_.timeout,
              [this, alive = alive_, node](const result<wire::sealed> &answer, const rope &) {
                if (!*alive) {
                  return;
                }
                if (answer && !answer->refused.has_value()) {
                  answers_[node] = answer->state;
                  failures_.erase(node);
                  return;
                }
                const error why = answer ? wire::to_error(*answer->refused) : answer.error();
                superseded_ = superseded_ || why.code == code::fenced;
                failures_[node] = why.text;
                // Whatever it was, the round cannot do without an f-majority: it asks again, slowly.
                ask_at_[node] = now_ + settings_.pause;
              });
}

bool seal_round::done() const {
  return answers_.size() >= f_majority(settings_.nodeset.size(), settings_.replication);
}

time_point seal_round::next_time() const {
  time_point next = never;
  for (const auto &[node, when] : ask_at_) {
    next = std::min(next, when);
  }
  return next;
}

std::string seal_round::waits_for() const {
  std::vector<std::string> sealed;
  std::vector<std::string> missing;
  for (const std::string &node : settings_.nodeset) {
    if (answers_.contains(node)) {
      sealed.push_back(node);
      continue;
    }
    const auto failed = failures_.find(node);
    missing.push_back(failed == failures_.end() ? node : fmt::format("{} ({})", node, failed->second));
  }
  return fmt::format("seal of segment {}: {} of {} needed servers, sealed on [{}], waiting for [{}]",
                     settings_.segment.index, sealed.size(),
                     f_majority(settings_.nodeset.size(), settings_.replication), fmt::join(sealed, ", "),
                     fmt::join(missing, ", "));
}

} // namespace outsize::host
