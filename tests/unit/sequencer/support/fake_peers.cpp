#include "fake_peers.hpp"

#include <algorithm>
#include <utility>

namespace outsize::test {
namespace {

template <class Requests, class Chosen> Requests take_if(Requests &from, Chosen chosen) {
  const auto rest = std::stable_partition(from.begin(), from.end(), [&](const auto &one) { return !chosen(one); });
  Requests taken(std::make_move_iterator(rest), std::make_move_iterator(from.end()));
  from.erase(rest, from.end());
  return taken;
}

} // namespace

template <class Answer> void fake_peers::add(const std::string &node, time_point deadline, std::uint64_t bytes,
                                             std::function<std::pair<Answer, rope>(model_server &)> act,
                                             answered<Answer> then) {
  request made;
  made.node = node;
  made.deadline = deadline;
  made.bytes = bytes;
  made.fail = [then](const error &why) { then(why, {}); };
  made.carry_out = [this, node, act, then]() -> std::function<void()> {
    auto [answer, payload] = act(servers[node]);
    return [then, given = answer, bytes_given = payload] { then(given, bytes_given); };
  };
  requests_.push_back(std::move(made));
}

bool fake_peers::deliver_one() {
  const auto can_go = [this](const request &one) { return links_[one.node] == 0 || !held_[one.node]; };
  const auto next = std::find_if(requests_.begin(), requests_.end(), can_go);
  if (next == requests_.end()) {
    return false;
  }
  request taken = std::move(*next);
  requests_.erase(next);
  if (links_[taken.node] == 0) {
    taken.fail(make_error(code::link_down, "no link to " + taken.node));
    return true;
  }
  const std::function<void()> answer = taken.carry_out();
  if (mute_[taken.node]) {
    unanswered_.push_back(std::move(taken));
  } else {
    answer();
  }
  return true;
}

void fake_peers::link_down(const std::string &node) {
  links_[node] = 0;
  const auto to_node = [&](const request &one) { return one.node == node; };
  auto gone = take_if(requests_, to_node);
  for (request &one : take_if(unanswered_, to_node)) {
    gone.push_back(std::move(one));
  }
  for (const request &one : gone) {
    one.fail(make_error(code::link_down, "the link to " + node + " is gone"));
  }
}

void fake_peers::expire(time_point now) {
  const auto late = [now](const request &one) { return one.deadline <= now; };
  auto gone = take_if(requests_, late);
  for (request &one : take_if(unanswered_, late)) {
    gone.push_back(std::move(one));
  }
  for (const request &one : gone) {
    one.fail(make_error(code::timed_out, "no answer from " + one.node));
  }
}

std::size_t fake_peers::waiting(const std::string &node) const {
  return static_cast<std::size_t>(
      std::count_if(requests_.begin(), requests_.end(), [&](const request &one) { return one.node == node; }));
}

std::uint64_t fake_peers::waiting_bytes(const std::string &node) const {
  std::uint64_t sum = 0;
  for (const request &one : requests_) {
    sum += one.node == node ? one.bytes : 0;
  }
  return sum;
}

time_point fake_peers::next_deadline() const {
  time_point next = never;
  for (const request &one : requests_) {
    next = std::min(next, one.deadline);
  }
  for (const request &one : unanswered_) {
    next = std::min(next, one.deadline);
  }
  return next;
}

std::uint64_t fake_peers::store_link_limit(const std::string &node) const {
  const auto found = links_.find(node);
  return found == links_.end() ? 0 : found->second;
}

void fake_peers::store(const std::string &node, wire::store message, rope payload, time_point deadline,
                       answered<wire::stored> then) {
  const std::uint64_t bytes = message_bytes_of(message, payload);
  stores.push_back({node, message, bytes, deadline});
  add<wire::stored>(
      node, deadline, bytes,
      [message, payload](model_server &at) { return std::pair{at.store(message, payload), rope{}}; }, std::move(then));
}

void fake_peers::seal(const std::string &node, wire::seal message, time_point deadline, answered<wire::sealed> then) {
  add<wire::sealed>(
      node, deadline, 0, [message](model_server &at) { return std::pair{at.seal(message), rope{}}; }, std::move(then));
}

void fake_peers::fetch(const std::string &node, wire::fetch message, time_point deadline,
                       answered<wire::fetched> then) {
  ++fetches;
  add<wire::fetched>(
      node, deadline, 0,
      [this, node, message](model_server &at) {
        auto answer = at.fetch(message);
        largest_fetch[node] = std::max(largest_fetch[node], answer.second.size());
        return answer;
      },
      std::move(then));
}

void fake_peers::fetch_set(const std::string &node, wire::fetch_set message, time_point deadline,
                           answered<wire::set_fetched> then) {
  ++set_fetches;
  add<wire::set_fetched>(
      node, deadline, 0,
      [this, node, message](model_server &at) {
        auto answer = at.fetch_set(message);
        largest_fetch[node] = std::max(largest_fetch[node], answer.second.size());
        return answer;
      },
      std::move(then));
}

void fake_peers::list_entries(const std::string &node, wire::list_entries message, time_point deadline,
                              answered<wire::entries> then) {
  add<wire::entries>(
      node, deadline, 0, [message](model_server &at) { return std::pair{at.list(message), rope{}}; }, std::move(then));
}

void fake_peers::describe_segment(const std::string &node, wire::describe_segment message, time_point deadline,
                                  answered<wire::segment_state> then) {
  add<wire::segment_state>(
      node, deadline, 0,
      [message](model_server &at) {
        return std::pair{wire::segment_state{message.segment, at.segments[message.segment].state}, rope{}};
      },
      std::move(then));
}

void fake_peers::release(const std::string &node, wire::release message) {
  releases.emplace_back(node, message);
  if (store_link_limit(node) != 0) {
    servers[node].release(message);
  }
}

} // namespace outsize::test
