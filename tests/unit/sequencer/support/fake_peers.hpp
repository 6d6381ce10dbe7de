// Links to model servers that a test has in its hand: requests wait in a list until the test lets them through, links
// go up and down, servers get stuck, requests or answers get lost.
#pragma once

#include "model_server.hpp"

#include "host/segment/peers.hpp"

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace outsize::test {

class fake_peers : public host::peers {
public:
  struct sent_store {
    std::string node;
    wire::store message;
    std::uint64_t message_bytes = 0;
    time_point deadline{};
  };

  std::map<std::string, model_server> servers;
  std::vector<sent_store> stores; ///< every store ever sent, in order
  std::vector<std::pair<std::string, wire::release>> releases;
  std::map<std::string, std::uint64_t> largest_fetch; ///< payload bytes of the largest fetch answer, by node
  std::size_t fetches = 0;
  std::size_t set_fetches = 0;

  void link_up(const std::string &node, std::uint64_t limit_bytes) { links_[node] = limit_bytes; }
  /// Requests under way fail with link_down; what they were about has not happened.
  void link_down(const std::string &node);
  /// Requests to it wait, as if its process were stopped.
  void hold(const std::string &node) { held_[node] = true; }
  void let_go(const std::string &node) { held_[node] = false; }
  /// Requests to it are carried out, their answers get lost.
  void lose_answers(const std::string &node, bool lose) { mute_[node] = lose; }

  /// Lets the next request through; false when none can go.
  bool deliver_one();
  /// Ends requests whose deadline has come.
  void expire(time_point now);
  [[nodiscard]] std::size_t waiting(const std::string &node) const;
  [[nodiscard]] std::uint64_t waiting_bytes(const std::string &node) const;
  [[nodiscard]] time_point next_deadline() const;

  // host::peers
  [[nodiscard]] std::uint64_t store_link_limit(const std::string &node) const override;
  void store(const std::string &node, wire::store message, rope payload, time_point deadline,
             answered<wire::stored> then) override;
  void seal(const std::string &node, wire::seal message, time_point deadline, answered<wire::sealed> then) override;
  void fetch(const std::string &node, wire::fetch message, time_point deadline, answered<wire::fetched> then) override;
  void fetch_set(const std::string &node, wire::fetch_set message, time_point deadline,
                 answered<wire::set_fetched> then) override;
  void list_entries(const std::string &node, wire::list_entries message, time_point deadline,
                    answered<wire::entries> then) override;
  void describe_segment(const std::string &node, wire::describe_segment message, time_point deadline,
                        answered<wire::segment_state> then) override;
  void release(const std::string &node, wire::release message) override;

private:
  struct request {
    std::string node;
    time_point deadline{};
    std::uint64_t bytes = 0;
    std::function<std::function<void()>()> carry_out; ///< the answer's delivery
    std::function<void(error)> fail;
  };
  template <class Answer> void add(const std::string &node, time_point deadline, std::uint64_t bytes,
                                   std::function<std::pair<Answer, rope>(model_server &)> act, answered<Answer> then);

  std::map<std::string, std::uint64_t> links_;
  std::map<std::string, bool> held_;
  std::map<std::string, bool> mute_;
  std::deque<request> requests_;
  std::vector<request> unanswered_; ///< carried out, answer lost
};

} // namespace outsize::test
