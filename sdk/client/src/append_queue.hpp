// Appends on their way: queued in order for each log, sent together when small, answered one by one.
//
// A record is sent once. When the link is lost while its answer is out, the answer is outcome_unknown: only its
// producer's sequence can resolve it (design: an append whose answer was lost is never repeated blindly).
//
// A large record is asked about first, and goes in pieces (append_stream) or, where it fits, as any other. It leaves
// the queue when its turn comes and keeps nobody waiting, except for its producer's later records: those, and what is
// queued behind them for the log, wait until it has ended, or is sent whole.
//
// Thread rule: one thread.
#pragma once

#include "append_stream.hpp"
#include "connection.hpp"

#include <outsize/client/client.hpp>

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace outsize::client {

class append_queue {
public:
  append_queue(connection &to, const client_options &options);
  ~append_queue();
  append_queue(const append_queue &) = delete;
  append_queue &operator=(const append_queue &) = delete;

  void push(const std::string &log, record what, time_point deadline, client::appended then);
  void push(const std::string &log, const wire::record_header &header, payload_source payload, time_point deadline,
            client::appended then);
  [[nodiscard]] std::uint64_t unanswered_bytes() const;

  /// Sends what may be sent; times out what waited too long.
  void run(time_point now);
  /// The next deadline of an append not yet sent, and what large ones wait for.
  [[nodiscard]] time_point next_time() const;
  /// Answers came since the last run, and something may be sent after them.
  [[nodiscard]] bool has_news() const;

private:
  struct pending {
    wire::record_item item;
    rope bytes; ///< none of a large record
    time_point deadline;
    client::appended then;
    std::string producer;
    std::shared_ptr<append_stream> large; ///< null for all others
  };
  using producer_of_log = std::pair<std::string, std::string>; ///< log, producer
  struct sent_group {
    std::vector<client::appended> answers;
    std::uint64_t bytes = 0;
    std::string log;
  };

  [[nodiscard]] static pending whole(const buffer &header, const rope &payload, std::string producer,
                                     time_point deadline, client::appended then);
  void push_whole(const std::string &log, pending what);
  void push_large(append_stream::request what);
  void run_log(const std::string &log, std::deque<pending> &waiting, time_point now);
  void run_large(time_point now);
  void begin_large(const std::string &log, std::deque<pending> &waiting);
  void start_large();
  void send_whole(append_stream &large, time_point now);
  [[nodiscard]] bool is_held(const std::string &log, const pending &what) const;
  void send_group(const std::string &log, std::deque<pending> &waiting, time_point now);
  void finish(const std::shared_ptr<sent_group> &group, const result<wire::incoming> &reply);
  void expire(std::deque<pending> &waiting, const std::string &log, time_point now);
  [[nodiscard]] bool has_room(std::uint64_t bytes) const;

  connection &connection_;
  std::uint64_t coalesce_bytes_max_;
  std::uint64_t whole_bytes_max_;
  std::uint32_t large_appends_max_;
  std::map<std::string, std::deque<pending>> logs_;
  std::vector<std::shared_ptr<append_stream>> fresh_; ///< queued since the last run
  std::list<std::shared_ptr<append_stream>> larges_;  ///< out of the queue, in order
  std::set<producer_of_log> held_;                    ///< with one in larges_
  std::uint64_t last_turn_ = 0;
  bool answered_ = false;             ///< since the last run
  bool large_waits_for_room_ = false; ///< to be sent whole: small ones do not take it away from it
  std::uint64_t queued_bytes_ = 0;
  std::uint64_t sent_bytes_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace outsize::client
