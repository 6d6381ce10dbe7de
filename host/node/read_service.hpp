// Reads from clients: one read_stream for each, and the tails that were learned on the way.
//
// Thread rule: the node's loop thread.
#pragma once

#include "host/node/append_service.hpp"
#include "host/node/context.hpp"
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
  /// Nobody waits any more for what was asked over it.
  void on_link_down(wire::link_id link);
  void on_time();
  [[nodiscard]] time_point next_time() const;
  [[nodiscard]] std::size_t in_flight() const { return streams_.size(); }

private:
  [[nodiscard]] read_stream::environment environment();
  [[nodiscard]] tail_in_segment known_tail(const std::string &log) const;
  [[nodiscard]] bool take_room(std::uint64_t bytes);
  void sweep();

  node_context &node_;
  append_service &tails_;
  std::uint64_t fetching_bytes_ = 0; ///< room that streams hold
  struct running {
    std::string log;
    wire::link_id asked_over = 0;
    std::unique_ptr<read_stream> stream;
    bool is_unwanted = false;
    [[nodiscard]] bool is_over() const { return is_unwanted || stream->done(); }
  };
  std::map<std::uint64_t, running> streams_;
  std::map<std::string, tail_in_segment> known_tails_;
  std::uint64_t last_stream_ = 0;
  time_point full_until_{}; ///< there was none when it was last looked for
};

} // namespace outsize::host
