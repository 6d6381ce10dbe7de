// Large appends under way through this node: which streams it gave to which client, and what of them is unanswered.
//
// A stream belongs to the link on which it was opened; its number means nothing on any other. What a client sends is
// held to what the sequencer asked for, piece by piece, before it goes on: the next one, of its exact size, and no more
// than a window of them. So a node that only passes pieces on never holds more than the windows it promised.
//
// A stream ends with its outcome; with its client's link; when its client says nothing for a while; when the node it is
// passed on to is lost. Unless the client is gone, it learns why, with its next message at the latest.
//
// A machine: it acts through routes, is told the time, and answers through callbacks.
//
// Thread rule: the node's loop thread. Callbacks run inside the calls below or inside a route's answer; they may call
// back.
#pragma once

#include "host/node/large_append_route.hpp"

#include <outsize/time.hpp>
#include <outsize/wire/endpoint.hpp>
#include <outsize/wire/limits.hpp>
#include <outsize/wire/messages.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace outsize::host {

class append_streams {
public:
  struct settings {
    std::string node;
    std::size_t streams_max = 256;
    std::uint64_t relayed_bytes_max = 64 * wire::mib; ///< windows of all streams that are passed on, together
    duration idle_max = std::chrono::seconds(30);     ///< nothing is unanswered, and the client says nothing
    std::function<time_point()> now;
  };
  /// Where a record goes. An error is the client's answer.
  using route_finder = std::function<result<std::shared_ptr<large_append_route>>(const wire::open_append &)>;

  append_streams(settings how, route_finder find_route);
  append_streams(const append_streams &) = delete;
  append_streams &operator=(const append_streams &) = delete;

  void on_open(wire::link_id link, wire::open_append what, buffer record_header,
               std::function<void(wire::append_opened)> then);
  void on_piece(wire::link_id link, const wire::append_piece &what, rope bytes,
                std::function<void(wire::piece_taken)> then);
  void on_finish(wire::link_id link, const wire::finish_append &what, std::function<void(wire::append_finished)> then);
  void on_abandon(wire::link_id link, const wire::abandon_append &what);
  /// Before a piece of `bytes` bytes is taken: why not, if not. The stream has ended then.
  std::optional<wire::append_result> refuses(wire::link_id link, const wire::append_piece &what, std::uint64_t bytes);

  /// A client is gone.
  void on_link_down(wire::link_id link);
  /// The link for stores to another node is gone. What was asked over it has been answered before.
  void on_node_down(const std::string &node);

  /// Opens nothing new from now on.
  void begin_drain() { draining_ = true; }
  void on_time();
  [[nodiscard]] time_point next_time() const { return look_at_; }

  /// Streams being opened or open.
  [[nodiscard]] std::size_t in_flight() const { return streams_.size(); }
  [[nodiscard]] std::uint64_t relayed_bytes_promised() const { return relayed_bytes_; }

private:
  struct piece {
    std::uint64_t bytes = 0;
    std::function<void(wire::piece_taken)> then;
  };
  struct stream {
    std::string log;
    std::uint64_t payload_bytes = 0;
    std::shared_ptr<large_append_route> route;
    std::uint64_t number = 0; ///< on the route; 0 while it is being opened
    std::uint64_t piece_bytes = 0;
    std::uint64_t window_bytes = 0;
    std::uint64_t promised_bytes = 0; ///< counted in relayed_bytes_
    std::uint32_t next_index = 0;
    std::uint64_t received_bytes = 0;
    std::uint64_t unanswered_bytes = 0;
    std::map<std::uint32_t, piece> pieces; ///< unanswered, by index
    std::function<void(wire::append_finished)> finish;
    bool is_finishing = false;
    time_point heard_at{};
    [[nodiscard]] bool is_relayed() const { return !route->passed_on_to().empty(); }
    [[nodiscard]] bool waits_for_client() const { return number != 0 && pieces.empty() && !is_finishing; }
  };
  using name = std::pair<wire::link_id, std::uint64_t>;
  using table = std::map<name, stream>;

  [[nodiscard]] result<void> may_open(const wire::open_append &what, const buffer &record_header) const;
  void on_opened(const name &which, const std::shared_ptr<large_append_route> &route, wire::append_opened answer,
                 const std::function<void(wire::append_opened)> &then);
  result<void> promise_window(stream &to, const wire::append_opened &answer);
  void on_taken(const name &which, std::uint32_t index, wire::piece_taken answer);
  void on_finished(const name &which, wire::append_finished answer);

  [[nodiscard]] table::iterator find_open(const name &which);
  [[nodiscard]] static result<void> check(const stream &which, const wire::append_piece &what, std::uint64_t bytes);
  [[nodiscard]] wire::append_result why_not_open(const name &which) const;
  void heard_of(stream &which);
  table::node_type remove(table::iterator which);
  void end(table::iterator which, wire::append_result outcome, bool tell_route);
  void remember(const name &which, const wire::append_result &outcome);

  settings settings_;
  route_finder find_route_;
  table streams_;
  std::deque<std::pair<name, wire::append_result>> ended_; ///< the youngest, for clients that have not heard yet
  std::uint64_t last_stream_ = 0;
  std::uint64_t relayed_bytes_ = 0;
  bool draining_ = false;
  time_point look_at_ = never; ///< for streams that are idle; not later than the first of them
};

} // namespace outsize::host
