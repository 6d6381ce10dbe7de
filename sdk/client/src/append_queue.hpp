// Appends on their way: queued in order for each log, sent together when small, answered one by one.
//
// A record is sent once. When the link is lost while its answer is out, the answer is outcome_unknown: only its
// producer's sequence can resolve it (design: an append whose answer was lost is never repeated blindly).
//
// Thread rule: one thread.
#pragma once

#include "connection.hpp"

#include <outsize/client/client.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace outsize::client {

class append_queue {
public:
  append_queue(connection &to, std::uint64_t coalesce_bytes_max);
  ~append_queue();
  append_queue(const append_queue &) = delete;
  append_queue &operator=(const append_queue &) = delete;

  void push(const std::string &log, record what, time_point deadline, client::appended then);
  [[nodiscard]] std::uint64_t unanswered_bytes() const { return queued_bytes_ + sent_bytes_; }

  /// Sends what may be sent; times out what waited too long.
  void run(time_point now);
  /// The next deadline of an append not yet sent.
  [[nodiscard]] time_point next_time() const;

private:
  struct pending {
    wire::record_item item;
    rope bytes;
    time_point deadline;
    client::appended then;
  };
  struct sent_group {
    std::vector<client::appended> answers;
    std::uint64_t bytes = 0;
    std::string log;
  };

  void send_group(const std::string &log, std::deque<pending> &waiting, time_point now);
  void finish(const std::shared_ptr<sent_group> &group, const result<wire::incoming> &reply);
  void expire(std::deque<pending> &waiting, const std::string &log, time_point now);
  [[nodiscard]] bool has_room(std::uint64_t bytes) const;

  connection &connection_;
  std::uint64_t coalesce_bytes_max_;
  std::map<std::string, std::deque<pending>> logs_;
  std::uint64_t queued_bytes_ = 0;
  std::uint64_t sent_bytes_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace outsize::client
