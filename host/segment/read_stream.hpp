// Reading a log: one request of a client, from the log's chain to verified records.
//
// It finds the segment, learns how far committed records go, fetches from a log server that has them (its own node's
// first), passes over what is missing or damaged there by asking the next (copy_search), and answers with whole records
// in offset order. Nothing at or above the global tail is ever answered (L7). Of a large record the commit or reference
// entry goes out as it is: its payload is another question (payload_reader). Fragments come from the log servers
// without their bytes, and are stepped over.
//
// A machine: it acts through `peers` and the tail function, asks for the time, and answers once.
//
// Thread rule: the node's loop thread. `then` runs inside on_time or inside a peer's answer.
#pragma once

#include "host/chain/records.hpp"
#include "host/segment/peers.hpp"
#include "host/segment/reading.hpp"

#include <outsize/result.hpp>
#include <outsize/time.hpp>
#include <outsize/wire/limits.hpp>
#include <outsize/wire/messages.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace outsize::host {

class read_stream final : public reading {
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
  ~read_stream() override;

  void start() override;
  void on_time() override;
  [[nodiscard]] time_point next_time() const override;
  [[nodiscard]] bool done() const override;
  [[nodiscard]] tail_in_segment known_tail() const override;

private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace outsize::host
