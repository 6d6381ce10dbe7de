// Reads from clients, of records and of large payloads: one machine for each, and what was learned on the way.
//
// Thread rule: the node's loop thread.
#pragma once

#include "host/node/append_service.hpp"
#include "host/node/context.hpp"
#include "host/segment/large_description.hpp"
#include "host/segment/payload_reader.hpp"
#include "host/segment/read_stream.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace outsize::host {

class read_service {
public:
  read_service(node_context &node, append_service &tails);

  void on_read(const wire::incoming &request);
  void on_read_payload(const wire::incoming &request);
  /// The same for the node itself; answered once, possibly at once.
  void read(wire::read question, read_stream::answered then);
  /// Nobody waits any more for what was asked over it.
  void on_link_down(wire::link_id link);
  void on_time();
  [[nodiscard]] time_point next_time() const;
  [[nodiscard]] std::size_t in_flight() const { return readings_.size(); }

private:
  [[nodiscard]] bool is_full(const asker &to) const;
  void begin_read(wire::link_id asked_over, wire::read question, read_stream::answered then);
  void begin(wire::link_id asked_over, const std::string &log, std::unique_ptr<reading> what);
  template <class Answer> void answer_with(const asker &to, const result<Answer> &outcome, rope payload);
  [[nodiscard]] read_stream::environment environment();
  [[nodiscard]] tail_in_segment known_tail(const std::string &log) const;
  [[nodiscard]] bool take_room(std::uint64_t bytes);
  void sweep();

  node_context &node_;
  append_service &tails_;
  std::uint64_t fetching_bytes_ = 0; ///< room that they hold
  struct running {
    std::string log;
    wire::link_id asked_over = 0;
    std::unique_ptr<reading> what;
    bool is_unwanted = false;
    [[nodiscard]] bool is_over() const { return is_unwanted || what->done(); }
  };
  std::map<std::uint64_t, running> readings_;
  std::map<std::string, tail_in_segment> known_tails_;
  description_cache descriptions_;
  std::uint64_t last_reading_ = 0;
  time_point full_until_{}; ///< there was none when it was last looked for
};

} // namespace outsize::host
