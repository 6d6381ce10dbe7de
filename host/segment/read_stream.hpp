// Reading a log: one request of a client, from the log's chain to verified records.
//
// It finds the segment, learns how far committed records go, fetches from a log server that has them (its own node's
// first), passes over what is missing or damaged there by asking the next, and answers with whole records in offset
// order. Nothing at or above the global tail is ever answered (L7). Where a server took too long, all are asked again
// with twice the time, until the deadline: on a slow line a large record needs it.
//
// A machine: it acts through `peers` and the tail function, asks for the time, and answers once.
//
// Thread rule: the node's loop thread. `then` runs inside on_time or inside a peer's answer.
#pragma once

#include "host/chain/records.hpp"
#include "host/segment/peers.hpp"

#include <outsize/result.hpp>
#include <outsize/time.hpp>
#include <outsize/wire/limits.hpp>
#include <outsize/wire/messages.hpp>

#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace outsize::host {

/// A global tail, and in which segment of the log it lies: in another segment it says nothing about what is committed,
/// because what is there beyond that segment's end never was. Ordered as the log is.
struct tail_in_segment {
  std::uint32_t segment = 0; ///< index in the chain
  offset_t offset = 0;       ///< 0 = not known
  auto operator<=>(const tail_in_segment &) const = default;
};

class read_stream {
public:
  struct environment {
    std::string node; ///< asked first when it is a member
    std::function<const cluster_view &()> view;
    peers *servers = nullptr;
    /// The log's global tail as its sequencer knows it, answered later and once.
    std::function<void(const std::string &log, time_point deadline, std::function<void(result<tail_in_segment>)>)>
        find_tail;
    std::function<void(int level, const std::string &line)> log;
    std::function<time_point()> now;
    duration fetch_timeout = std::chrono::seconds(5);   ///< of one question, the first time
    duration tail_poll = std::chrono::milliseconds(20); ///< how often a waiting reader asks for the tail
    std::uint64_t bytes_max = 8 * wire::mib;            ///< most one answer holds, unless one record is larger
    /// Before bytes are fetched: is there memory for so many? Asked again after room_poll when there is none. Empty:
    /// there always is.
    std::function<bool(std::uint64_t bytes)> take_room;
    std::function<void(std::uint64_t bytes)> give_room; ///< what was taken is not needed any more
    duration room_poll = std::chrono::milliseconds(5);
  };
  using answered = std::function<void(result<wire::records> answer, rope payload)>;

  /// `known_tail` is a global tail seen earlier: below it no sequencer needs to be asked.
  read_stream(environment around, wire::read question, tail_in_segment known_tail, time_point deadline, answered then);
  ~read_stream();
  read_stream(const read_stream &) = delete;
  read_stream &operator=(const read_stream &) = delete;

  void start();
  void on_time();
  [[nodiscard]] time_point next_time() const;
  [[nodiscard]] bool done() const;
  /// The highest global tail it learned; for the next reader.
  [[nodiscard]] tail_in_segment known_tail() const;

private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace outsize::host
