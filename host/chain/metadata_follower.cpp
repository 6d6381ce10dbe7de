#include "host/chain/metadata_follower.hpp"

#include <string_view>
#include <utility>

namespace outsize::host {

namespace {
constexpr std::string_view node_prefix = "node/";
constexpr std::string_view log_prefix = "log/";
constexpr std::string_view blob_store_prefix = "blob-store/";
} // namespace

metadata_follower::metadata_follower(metadata_link &link, options how) : link_(link), options_(std::move(how)) {}

void metadata_follower::update(std::string key, std::uint64_t expected_version, std::string value, updated then) {
  wire::update_metadata message{std::move(key), expected_version, std::move(value)};
  link_.update(std::move(message), now_ + options_.update_timeout,
               [this, alive = alive_, then = std::move(then)](result<wire::metadata_updated> answer) {
                 if (!*alive) {
                   return;
                 }
                 if (!answer) {
                   then(std::move(answer).error());
                   return;
                 }
                 // Seen by the caller only together with the view that contains it.
                 if (apply(answer->current)) {
                   options_.on_changed();
                 }
                 then(outcome{answer->swapped != 0, answer->current.version, answer->current.value});
               });
}

void metadata_follower::on_time(time_point now) {
  now_ = now;
  if (!asking_ && now >= ask_at_) {
    ask(now);
  }
}

void metadata_follower::on_link_up(time_point now) {
  now_ = now;
  if (!asking_) {
    ask(now);
  }
}

void metadata_follower::ask(time_point now) {
  asking_ = true;
  const auto wait_ms = std::chrono::duration_cast<std::chrono::milliseconds>(options_.sync_wait).count();
  // The first question must not wait: an empty store has nothing to tell, but its cluster id is news.
  const std::uint64_t wait =
      view_.revision == 0 && view_.cluster == wire::cluster_id{} ? 0 : static_cast<std::uint64_t>(wait_ms);
  link_.sync({view_.revision, wait}, now + options_.sync_wait + options_.sync_slack,
             [this, alive = alive_](const result<wire::metadata> &answer) {
               if (!*alive) {
                 return;
               }
               asking_ = false;
               ask_at_ = answer ? now_ : now_ + options_.retry_after;
               if (answer) {
                 apply(answer.value());
               }
             });
}

void metadata_follower::apply(const wire::metadata &news) {
  bool changed = view_.cluster != news.cluster;
  view_.cluster = news.cluster;
  for (const wire::metadata_item &item : news.items) {
    changed = apply(item) || changed;
  }
  changed = changed || news.revision > view_.revision;
  view_.revision = std::max(view_.revision, news.revision);
  if (changed) {
    options_.on_changed();
  }
}

bool metadata_follower::apply(const wire::metadata_item &item) {
  const std::string_view key = item.key;
  const auto put = [&](auto &into, std::string_view prefix, auto decoded) {
    if (!decoded) {
      options_.on_bad_record(decoded.error());
      return false;
    }
    auto &slot = into[std::string(key.substr(prefix.size()))];
    if (slot.version >= item.version) {
      return false;
    }
    slot = {item.version, std::move(decoded).value()};
    return true;
  };
  if (item.version == 0) {
    return false;
  }
  if (key.starts_with(node_prefix)) {
    return put(view_.nodes, node_prefix, decode_node_record(item.value));
  }
  if (key.starts_with(log_prefix)) {
    return put(view_.logs, log_prefix, decode_log_record(item.value));
  }
  if (key.starts_with(blob_store_prefix)) {
    return put(view_.blob_stores, blob_store_prefix, decode_blob_store_record(item.value));
  }
  return false;
}

} // namespace outsize::host
