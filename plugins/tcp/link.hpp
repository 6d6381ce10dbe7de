// One link: its socket, what it has to send, what has come in, and what the host has still to be told about it.
//
// Thread rule: one thread at a time.
#pragma once

#include "inbox.hpp"
#include "outbox.hpp"
#include "socket.hpp"

#include <outsize/error.hpp>
#include <outsize/time.hpp>

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

namespace outsize::tcp {

class link {
public:
  enum class phase {
    dialling, ///< its name is being resolved, or its connection is on the way
    up,       ///< between LINK_UP and the reason for LINK_DOWN
    ending,   ///< the socket is closed; completions and LINK_DOWN are still to be told
  };
  struct completion {
    std::uint64_t token;
    bool written; ///< false: it ends with the link, for the link's reason
  };
  enum class read_end {
    more,    ///< the socket may hold more
    drained, ///< it holds nothing now
    closed,  ///< the peer sent its end
    failed,  ///< see number
  };
  struct read_result {
    read_end end;
    int number;                         ///< errno of failed
    std::span<const std::uint8_t> rest; ///< what was read beyond an open body, in `scratch`
  };

  link(outsize_link number, std::string peer, std::uint64_t limit_bytes, std::uint64_t queued_bytes_max,
       receive_budget &budget)
      : number_(number), peer_(std::move(peer)), in(number, limit_bytes, budget), out(queued_bytes_max) {}

  [[nodiscard]] outsize_link number() const { return number_; }
  [[nodiscard]] const std::string &peer() const { return peer_; }

  /// One system call: into the open body first, then into `scratch`.
  read_result read(std::span<std::uint8_t> scratch);
  /// Writes until all is written or the kernel takes no more (`blocked`). Returns 0, or the errno of a broken
  /// connection.
  int flush();
  /// Keeps `rest` for later. Only when nothing is kept.
  void keep(std::span<const std::uint8_t> rest);
  /// What was kept and is not used up. Valid until keep or used.
  [[nodiscard]] std::span<const std::uint8_t> kept() const;
  /// The last `left` bytes of kept() are still wanted.
  void used(std::size_t left);
  /// Closes the socket, drops what is queued, and remembers why. Completions of what was queued are still to be told.
  void end(const error &reason);

  /// Bytes or a message are here that the host has not been given: nothing more is read until it has.
  [[nodiscard]] bool has_unread() const { return !kept().empty() || in.is_whole() || in.is_waiting(); }
  /// True when the host, or the socket, is to be served without the kernel saying so.
  [[nodiscard]] bool has_work() const;

  phase now = phase::dialling;
  descriptor socket;
  std::uint32_t interest = 0; // what epoll watches for
  bool blocked = false;       // the kernel's send buffer is full
  bool listed = false;        // in the transport's list of links with work
  bool accepted = false;
  std::uint64_t written_in_poll = 0; // the last poll after which send wrote at once
  std::uint64_t token = 0;           // of connect
  time_point deadline = never;       // of dialling
  std::deque<endpoint> untried;      // further addresses of the dialled name
  std::deque<completion> completions;
  error why; // of ending

  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t messages_received = 0;

  std::uint64_t stall_window = 0; // the contention it was last measured in; 0: none
  duration stall_since{};
  std::uint64_t stall_bytes = 0;

private:
  const outsize_link number_;
  const std::string peer_;
  std::vector<std::uint8_t> kept_;
  std::size_t kept_from_ = 0;
  std::vector<std::uint64_t> tokens_; // scratch of flush

public:
  inbox in;
  outbox out;
};

} // namespace outsize::tcp
