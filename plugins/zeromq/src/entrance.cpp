#include "entrance.hpp"

#include <chrono>

namespace outsize::zeromq {

entrance::~entrance() {
  for (auto &[tag, one] : entries_) {
    shared_.watch.left(*one.at);
  }
}

void entrance::accepted(int number, int port, time_point now) {
  if (const auto reused = tags_.find(number); reused != tags_.end()) {
    lost(number, now); // the descriptor means another connection now
  }
  const std::uint64_t tag = make_tag(source::connection, shared_.next_number());
  std::unique_ptr<connection> at = connection::join(number, port, owner_, shared_.wake, tag);
  if (!at) {
    shared_.events.refused("an address that is gone", "it ended before it opened a link");
    return;
  }
  shared_.watch.joined(*at, now);
  tags_[number] = tag;
  entries_.emplace(tag, entry{std::move(at), nullptr, {}});
  young_.push_back({tag, now + shared_.options.handshake_timeout});
  shed();
}

void entrance::lost(int number, time_point now) {
  const auto found = tags_.find(number);
  if (found == tags_.end()) {
    return;
  }
  const std::uint64_t tag = found->second;
  entry &one = *find_tag(tag);
  if (one.speaker != nullptr) {
    one.speaker->depart(one.why.empty() ? "the connection was closed by the far side" : one.why, now);
  } else if (one.why.empty()) {
    shared_.events.refused(one.at->peer(), "it ended before it opened a link");
  }
  tags_.erase(found);
  drop(tag);
}

void entrance::drop(std::uint64_t tag) {
  const auto found = entries_.find(tag);
  shared_.watch.left(*found->second.at);
  entries_.erase(found);
}

entrance::entry *entrance::find(int number) {
  const auto found = tags_.find(number);
  return found == tags_.end() ? nullptr : find_tag(found->second);
}

entrance::entry *entrance::find_tag(std::uint64_t tag) {
  const auto found = entries_.find(tag);
  return found == entries_.end() ? nullptr : &found->second;
}

void entrance::cut(entry &which, const std::string &why) {
  if (!which.why.empty()) {
    return;
  }
  which.why = why;
  which.at->cut();
  shared_.events.refused(which.at->peer(), why);
}

bool entrance::opened(std::uint64_t tag) {
  const entry *one = find_tag(tag);
  return one == nullptr || !one->why.empty() ||
         (one->speaker != nullptr && (one->speaker->link() != 0 || one->speaker->leaving()));
}

void entrance::shed() {
  if (young_.size() <= shared_.options.handshakes_max) {
    return;
  }
  std::erase_if(young_, [this](const young &one) { return opened(one.tag); });
  while (young_.size() > shared_.options.handshakes_max) {
    // The oldest: an honest caller needs milliseconds, so this is the one least likely to be one.
    cut(*find_tag(young_.front().tag), "too many connections that have not opened a link");
    young_.pop_front();
  }
}

void entrance::expire(time_point now) {
  while (!young_.empty() && young_.front().until <= now) {
    if (!opened(young_.front().tag)) {
      const auto allowed = std::chrono::duration_cast<std::chrono::milliseconds>(shared_.options.handshake_timeout);
      cut(*find_tag(young_.front().tag), "it opened no link within " + std::to_string(allowed.count()) + " ms");
    }
    young_.pop_front();
  }
}

} // namespace outsize::zeromq
