// One link: the protocol between two far ends, from the open frame to the end.
//
// Thread rule: the host's thread.
#pragma once

#include "budget.hpp"
#include "event_queue.hpp"
#include "far_end.hpp"
#include "frames.hpp"
#include "inbox.hpp"
#include "outbox.hpp"
#include "settings.hpp"

#include <outsize/transport.hpp>

#include <zmq.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace outsize::zeromq {

/// Why a link must end, and what the far side is told; nothing when it knows or cannot be told.
struct ending {
  error why;
  std::optional<close_reason> tell;
};

/// What a link is made of and with.
struct link_parts {
  const settings &options;
  budget &memory;
  event_queue &events;
  waker &wake;
  returns &finished;
};

class link {
public:
  /// `number` is its name to the host, `token` that of connect, or 0 when it was accepted. `to` carries it from now on.
  link(const link_parts &parts, outsize_link number, std::uint64_t token, bool dialled, far_end &to);
  link(const link &) = delete;
  link &operator=(const link &) = delete;
  ~link();

  /// The next flush says the first word.
  void dial(std::uint64_t attempt, time_point give_up_at);
  /// Answers it. Errors: malformed.
  result<void> accept(const frame_view &first, std::uint64_t session);

  /// One frame of the far side, after the first.
  std::optional<ending> take(zmq::message_t &frame, bool more);
  /// Hands over what can be, announces credit, tells of room. False when the connection is gone.
  bool flush();

  // ---- the host's calls

  result<send_outcome> send(std::span<const buffer> parts, std::uint64_t token);
  result<void> set_limit(std::uint64_t bytes);
  void fill(outsize_link_stats &stats) const;

  // ---- its end

  /// Begins the end: nothing is sent or received any more. `gently` lets the far side read the last word.
  void end(const ending &how, time_point now);
  /// The host asked for it: it wants to hear nothing but the end.
  void cancel() { cancelled_ = true; }
  /// A message of this link was finished by libzmq.
  void finished(outgoing_message &message);
  /// True once, when the end has begun and libzmq holds nothing of it any more: time for LINK_DOWN.
  bool take_down();
  /// Whether an event that waited may still be told, and what it means for the link.
  bool tell(const event &what);

  /// Its turn in the line for memory has come.
  void granted();
  /// Bytes of the current message so far; for telling whether a sender stalls.
  [[nodiscard]] std::uint64_t progress() const { return inbox_.arrived(); }
  [[nodiscard]] std::uint64_t withheld_bytes_max(bool drained) const;

  [[nodiscard]] outsize_link number() const { return number_; }
  [[nodiscard]] const std::string &peer() const { return peer_; }
  [[nodiscard]] bool opening() const { return phase_ == phase::opening; }
  [[nodiscard]] bool over() const { return phase_ == phase::ending; }
  [[nodiscard]] bool accepted() const { return !dialled_; }
  [[nodiscard]] time_point give_up_at() const { return opening() ? give_up_at_ : never; }

private:
  enum class phase { opening, open, ending };

  std::optional<ending> take_raw(zmq::message_t &frame);
  std::optional<ending> take_framed(const frame_view &seen, zmq::message_t &frame);
  std::optional<ending> take_head(const frame_view &seen, zmq::message_t &frame);
  std::optional<ending> take_opened(const frame_view &seen);
  std::optional<ending> take_close(const frame_view &seen) const;
  std::optional<ending> oversize(std::uint64_t actual_bytes);
  std::optional<ending> after(const result<void> &taken);
  void open(std::uint64_t session, std::uint64_t piece_bytes, std::uint64_t window_bytes);
  bool say(const std::vector<std::uint8_t> &frame);
  bool announce_credit();
  bool ask();

  const link_parts parts_;
  const outsize_link number_;
  const std::uint64_t token_;
  const bool dialled_;
  far_end *to_; ///< null once the link has left it
  const std::string peer_;

  phase phase_ = phase::opening;
  bool risen_ = false; ///< the host has heard of LINK_UP
  bool cancelled_ = false;
  bool down_ = false;  ///< LINK_DOWN is on its way
  bool asked_ = false; ///< for the link to be opened
  std::uint64_t attempt_ = 0;
  std::uint64_t session_ = 0;
  time_point give_up_at_ = never;
  std::uint64_t limit_bytes_;
  error why_;

  inbox inbox_;
  outbox outbox_;
  std::uint64_t control_bytes_ = 0; ///< sent beside the outbox
  std::uint64_t received_bytes_ = 0;
  std::uint64_t messages_received_ = 0;
};

} // namespace outsize::zeromq
