// One link between two ports: what is queued, what is on the wire, what is on its way, and how it ends.
//
// A flow carries messages one way. A message is queued, then on the wire for as long as the bandwidth says, then it
// travels for the delay of its path, then it waits until its receiver has room. The end of a link travels behind the
// messages, like the last packet of a closed socket.
//
// Thread rule: the network's.
#pragma once

#include "sim/transport/network.hpp"

#include <outsize/abi/transport.h>
#include <outsize/result.hpp>
#include <outsize/transport.hpp>

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace outsize::sim {

class connection : public std::enable_shared_from_this<connection> {
public:
  connection(network &net, std::uint64_t number) : net_(net), number_(number) {}
  connection(const connection &) = delete;
  connection &operator=(const connection &) = delete;

  /// Begins to open a link to `address`; `dialler` becomes side 0.
  outsize_link dial(port &dialler, const std::string &address, std::uint64_t token);

  [[nodiscard]] result<send_outcome> send(std::size_t side, std::span<const buffer> parts, std::uint64_t token);
  result<void> set_limit(std::size_t side, std::uint64_t bytes);
  void fill(std::size_t side, outsize_link_stats &stats) const;

  /// The owner of that side wants it closed.
  void close(std::size_t side);
  /// The process of that side dies; its machine's power decides whether the other side is told.
  void abandon(std::size_t side);
  /// Both ends notice a break after the delay of their paths.
  void break_both(const error &why);
  /// Looks again at what could not move: a path was unblocked, a receiver has room.
  void go_on();

  [[nodiscard]] bool joins(const std::string &one, const std::string &other) const;
  [[nodiscard]] std::uint64_t bytes_under_way(const std::string &from) const;

private:
  struct end_point {
    port *owner = nullptr; ///< null: nobody, or nobody any more
    std::string machine;
    outsize_link link = 0;
    std::uint64_t token = 0;
    bool up = false;
    std::uint64_t limit_bytes = 0;
    std::uint64_t own_limit_bytes = 0; ///< of the port, whatever was agreed
    std::uint64_t queue_bytes_max = 0;
    bool wants_writable = false;
    outsize_link_stats stats{};
  };
  struct message {
    std::vector<buffer> parts;
    std::uint64_t bytes = 0;
    std::uint64_t token = 0;
    bool told = false;         ///< the sender has its completion
    std::optional<error> ends; ///< not a message but the end of the link
  };
  struct flow {
    std::deque<message> queue; ///< the first is on the wire when `busy`
    std::uint64_t queued_bytes = 0;
    bool busy = false;
    time_point on_wire_since{};
    time_point off_wire_at{};
    std::deque<message> under_way; ///< off the wire, in order
    std::uint64_t under_way_bytes = 0;
    std::size_t arrived = 0; ///< the first so many of under_way are at the receiver's door
    time_point last_arrival{};
    bool severed = false; ///< nothing put on the wire arrives any more
  };

  static constexpr std::size_t other(std::size_t side) { return 1 - side; }
  [[nodiscard]] path_quality &path_from(std::size_t side);
  [[nodiscard]] duration delay_from(std::size_t side);

  /// Calls `then` at that time if the connection still exists.
  void at(time_point when, void (connection::*then)(std::size_t), std::size_t side);

  // opening
  void give(std::size_t side, port &owner, std::uint64_t token);
  void knock(std::size_t side);
  void accept(port &listener);
  void welcome_back(std::size_t side);
  void give_up(std::size_t side);
  void refuse(std::size_t side);

  // moving
  void put_on_wire(std::size_t side);
  void leave_wire(std::size_t side);
  void launch(std::size_t side, message &&what);
  void travel(std::size_t side, message &&what);
  void arrive(std::size_t side);
  void deliver(std::size_t side);
  bool hand_over(std::size_t side, message &what);
  void take_in(end_point &to, message &what);
  void overflow(std::size_t side, const message &what);
  void complete(std::size_t side, const message &what, const error *why);
  void offer_room(std::size_t side);
  [[nodiscard]] bool may_start(std::size_t side, std::uint64_t bytes);
  [[nodiscard]] std::uint64_t wire_progress(std::size_t side) const;

  // ending
  void lose(std::size_t side);
  void send_end(std::size_t side, const error &why);
  void send_reset(std::size_t side);
  void reset(std::size_t side);
  void bring_down(std::size_t side, const error &why);

  network &net_;
  std::uint64_t number_;
  std::string address_;
  std::array<end_point, 2> ends_;
  std::array<flow, 2> flows_; ///< flows_[i] goes from ends_[i] to the other
};

} // namespace outsize::sim
