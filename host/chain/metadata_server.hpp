// The embedded metadata store: keys with versions, compare-and-swap, and answers that wait for a change.
//
// Every swap is durable before it is answered or shown to anybody. Swaps are serialised: one that comes while another
// is being written waits for it. A failed write leaves the outcome unknown, so it ends the node (on_fail_stop).
//
// On disk, in the value store: "metadata/cluster" the cluster id in hex, "metadata/item/KEY" the version in decimal, a
// line feed, and the value.
//
// Thread rule: the node's loop thread.
#pragma once

#include "host/storage/storage.hpp"

#include <outsize/result.hpp>
#include <outsize/time.hpp>
#include <outsize/wire/messages.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <string>

namespace outsize::host {

class metadata_server {
public:
  template <class Answer> using answer_to = std::function<void(Answer)>;

  /// `values` outlives the server.
  metadata_server(value_store &values, std::function<void(const error &)> on_fail_stop);

  /// Reads what is on disk. A first start takes `fresh` as the cluster's id; ready() follows when that is durable.
  result<void> load(const wire::cluster_id &fresh);
  [[nodiscard]] bool ready() const { return ready_; }
  [[nodiscard]] const wire::cluster_id &cluster() const { return cluster_; }

  void on_update(wire::update_metadata message, answer_to<wire::metadata_updated> answer);
  /// Answers at once when there is something newer than `since`, else with the next change or after `wait_ms`.
  void on_sync(const wire::sync_metadata &message, time_point now, answer_to<wire::metadata> answer);

  void on_time(time_point now);
  [[nodiscard]] time_point next_time() const;

private:
  struct swap {
    wire::update_metadata message;
    answer_to<wire::metadata_updated> answer;
  };
  struct waiter {
    std::uint64_t since;
    time_point until;
    answer_to<wire::metadata> answer;
  };

  void next_swap();
  void apply(const wire::metadata_item &item);
  [[nodiscard]] wire::metadata changes_since(std::uint64_t since) const;
  void answer_waiters();

  value_store &values_;
  std::function<void(const error &)> on_fail_stop_;
  wire::cluster_id cluster_{};
  bool ready_ = false;
  bool failed_ = false;
  std::uint64_t revision_ = 0;
  std::map<std::string, wire::metadata_item> items_;
  std::deque<swap> swaps_; ///< the first is being written when writing_
  bool writing_ = false;
  std::list<waiter> waiters_;
};

} // namespace outsize::host
