#include <outsize/suite/contract_checker.hpp>

#include <algorithm>

namespace outsize::suite {

void contract_checker::poll_begins(std::uint32_t budget) {
  polling_ = true;
  budget_left_ = budget;
  poller_ = std::this_thread::get_id();
}

void contract_checker::poll_ends() {
  polling_ = false;
}

void contract_checker::connecting(outsize_link link) {
  if (link == 0 || up_.contains(link) || gone_.contains(link) || !dialled_.insert(link).second) {
    breaches_.push_back("T-05 connect gave a link number that is 0 or was used before: " + std::to_string(link));
  }
}

void contract_checker::queued(outsize_link link, std::uint64_t token) {
  outstanding_[link].insert(token);
}

void contract_checker::saw(const transport_event &event) {
  if (!polling_ || std::this_thread::get_id() != poller_) {
    breach("T-04 event outside of poll", event);
  }
  if (budget_left_ == 0) {
    breach("poll passed its budget", event);
  }
  budget_left_ -= budget_left_ > 0 ? 1 : 0;
  switch (event.what) {
  case transport_event::kind::link_up:
    return saw_link_up(event);
  case transport_event::kind::link_down:
    return saw_link_down(event);
  case transport_event::kind::completion:
    return saw_completion(event);
  case transport_event::kind::message:
  case transport_event::kind::writable:
  case transport_event::kind::oversize:
    if (!up_.contains(event.link)) {
      breach("T-01 event on a link that is not up", event);
    }
  }
}

void contract_checker::saw_link_up(const transport_event &event) {
  dialled_.erase(event.link);
  if (gone_.contains(event.link) || !up_.insert(event.link).second) {
    breach("T-05 link number used twice", event);
  }
}

void contract_checker::saw_link_down(const transport_event &event) {
  if (dialled_.erase(event.link) + up_.erase(event.link) == 0) {
    breach("T-01 down without being up or dialled", event);
  }
  gone_.insert(event.link);
  if (outstanding(event.link) != 0) {
    breach("T-03 down before every completion", event);
  }
  if (event.why.code == code::ok || event.why.text.empty()) {
    breach("link down without a reason", event);
  }
}

void contract_checker::saw_completion(const transport_event &event) {
  const auto found = outstanding_.find(event.link);
  if (found == outstanding_.end() || !found->second.contains(event.token)) {
    return breach("T-03 completion of nothing, or a second one", event);
  }
  found->second.erase(found->second.find(event.token));
  if (gone_.contains(event.link)) {
    breach("T-03 completion after down", event);
  }
}

std::size_t contract_checker::outstanding() const {
  std::size_t sum = 0;
  for (const auto &[link, tokens] : outstanding_) {
    sum += tokens.size();
  }
  return sum;
}

std::size_t contract_checker::outstanding(outsize_link link) const {
  const auto found = outstanding_.find(link);
  return found == outstanding_.end() ? 0 : found->second.size();
}

void contract_checker::breach(const std::string &rule, const transport_event &event) {
  constexpr std::size_t breaches_max = 20; // enough to see what is wrong, however many there are
  if (breaches_.size() < breaches_max) {
    breaches_.push_back(rule + " (event " + std::to_string(static_cast<std::uint32_t>(event.what)) + ", link " +
                        std::to_string(event.link) + ", token " + std::to_string(event.token) + ")");
  }
}

} // namespace outsize::suite
