#include "host/chain/metadata_server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace outsize::host {

namespace {

constexpr std::string_view cluster_key = "metadata/cluster";
constexpr std::string_view item_prefix = "metadata/item/";

std::string hex_of(const wire::cluster_id &id) {
  std::string made;
  for (const std::uint8_t byte : id) {
    made += fmt::format("{:02x}", byte);
  }
  return made;
}

bool parse_hex(std::string_view text, wire::cluster_id &id) {
  if (text.size() != 2 * id.size()) {
    return false;
  }
  for (std::size_t i = 0; i < id.size(); ++i) {
    const char *from = text.data() + 2 * i;
    if (std::from_chars(from, from + 2, id[i], 16).ptr != from + 2) {
      return false;
    }
  }
  return true;
}

error damaged(const std::string &key) {
  return make_error(code::malformed, fmt::format("metadata value \"{}\" in the data directory cannot be read", key),
                    "restore the data directory of the metadata node from a copy");
}

} // namespace

metadata_server::metadata_server(value_store &values, std::function<void(const error &)> on_fail_stop)
    : values_(values), on_fail_stop_(std::move(on_fail_stop)) {}

result<void> metadata_server::load(const wire::cluster_id &fresh) {
  auto cluster = values_.load(std::string(cluster_key));
  if (!cluster) {
    return cluster.error();
  }
  auto items = values_.load(std::string(item_prefix));
  if (!items) {
    return items.error();
  }
  for (const auto &[key, text] : items.value()) {
    wire::metadata_item item;
    const std::size_t end = text.find('\n');
    if (end == std::string::npos ||
        std::from_chars(text.data(), text.data() + end, item.version).ptr != text.data() + end) {
      return damaged(key);
    }
    item.key = key.substr(item_prefix.size());
    item.value = text.substr(end + 1);
    revision_ = std::max(revision_, item.version);
    items_[item.key] = std::move(item);
  }
  if (!cluster.value().empty()) {
    ready_ = parse_hex(cluster.value().front().second, cluster_);
    return ready_ ? result<void>{} : result<void>(damaged(std::string(cluster_key)));
  }
  cluster_ = fresh;
  values_.put(std::string(cluster_key), hex_of(cluster_), [this](const result<void> &outcome) {
    if (!outcome) {
      failed_ = true;
      on_fail_stop_(outcome.error());
      return;
    }
    ready_ = true;
    answer_waiters();
  });
  return {};
}

void metadata_server::on_update(wire::update_metadata message, answer_to<wire::metadata_updated> answer) {
  swaps_.push_back({std::move(message), std::move(answer)});
  next_swap();
}

void metadata_server::next_swap() {
  while (!writing_ && !failed_ && !swaps_.empty()) {
    swap &next = swaps_.front();
    const auto found = items_.find(next.message.key);
    const std::uint64_t version = found == items_.end() ? 0 : found->second.version;
    if (version != next.message.expected_version) {
      wire::metadata_updated answer;
      answer.current = found == items_.end() ? wire::metadata_item{next.message.key, 0, {}} : found->second;
      const auto then = std::move(next.answer);
      swaps_.pop_front();
      then(std::move(answer));
      continue;
    }
    writing_ = true;
    wire::metadata_item item{next.message.key, revision_ + 1, next.message.value};
    std::string text = fmt::format("{}\n{}", item.version, item.value);
    values_.put(std::string(item_prefix) + item.key, std::move(text), [this, item](const result<void> &outcome) {
      writing_ = false;
      if (!outcome) {
        // Whether the swap is on disk is unknown: nobody may be told anything, and nothing built on top of it.
        failed_ = true;
        on_fail_stop_(outcome.error());
        return;
      }
      apply(item);
      const auto then = std::move(swaps_.front().answer);
      swaps_.pop_front();
      then({1, item});
      answer_waiters();
      next_swap();
    });
  }
}

void metadata_server::apply(const wire::metadata_item &item) {
  revision_ = item.version;
  items_[item.key] = item;
}

wire::metadata metadata_server::changes_since(std::uint64_t since) const {
  wire::metadata made;
  made.cluster = cluster_;
  made.revision = revision_;
  for (const auto &[key, item] : items_) {
    if (item.version > since) {
      made.items.push_back(item);
    }
  }
  return made;
}

void metadata_server::on_sync(const wire::sync_metadata &message, time_point now, answer_to<wire::metadata> answer) {
  const auto wait = std::chrono::milliseconds(std::min<std::uint64_t>(message.wait_ms, 60'000));
  waiters_.push_back({message.since, now + wait, std::move(answer)});
  answer_waiters();
  on_time(now);
}

void metadata_server::answer_waiters() {
  if (!ready_) {
    return;
  }
  for (auto at = waiters_.begin(); at != waiters_.end();) {
    if (at->since >= revision_) {
      ++at;
      continue;
    }
    const auto then = std::move(at->answer);
    const std::uint64_t since = at->since;
    at = waiters_.erase(at);
    then(changes_since(since));
  }
}

void metadata_server::on_time(time_point now) {
  if (!ready_) {
    return;
  }
  for (auto at = waiters_.begin(); at != waiters_.end();) {
    if (at->until > now) {
      ++at;
      continue;
    }
    const auto then = std::move(at->answer);
    const std::uint64_t since = at->since;
    at = waiters_.erase(at);
    then(changes_since(since));
  }
}

time_point metadata_server::next_time() const {
  time_point next = never;
  for (const waiter &waiting : waiters_) {
    next = std::min(next, waiting.until);
  }
  return ready_ ? next : never;
}

} // namespace outsize::host
