// What a link sees of its connection: a place to send frames to, that can be left.
//
// Thread rule: the host's thread.
#pragma once

#include "outbox.hpp"

#include <outsize/error.hpp>
#include <outsize/time.hpp>
#include <outsize/transport.hpp>

#include <zmq.hpp>

#include <cstdint>
#include <string>

namespace outsize::zeromq {

/// A DEALER of its own, or one routing id of a ROUTER.
class far_end : public frame_sink {
public:
  /// The link it carries; 0: none yet, or none any more.
  [[nodiscard]] outsize_link link() const { return link_; }
  void carry(outsize_link link) { link_ = link; }

  /// Its address, for logs.
  [[nodiscard]] virtual std::string peer() const = 0;
  /// Taken from the wire so far, framing included; 0 when that is not known any more.
  [[nodiscard]] virtual std::uint64_t received_bytes() const = 0;
  /// Ends the connection: gently by letting the far side close it within close_grace, else at once. What arrives
  /// meanwhile is dropped. The object may be gone after the next poll.
  virtual void leave(bool gently, time_point now) = 0;
  [[nodiscard]] virtual bool leaving() const = 0;

private:
  outsize_link link_ = 0;
};

/// Who is told what arrives.
class far_end_events {
public:
  far_end_events() = default;
  far_end_events(const far_end_events &) = delete;
  far_end_events &operator=(const far_end_events &) = delete;
  virtual ~far_end_events() = default;
  /// One ZeroMQ message, its first frame; `more` when it has others, which are dropped.
  virtual void arrived(far_end &from, zmq::message_t &frame, bool more) = 0;
  /// The connection is gone.
  virtual void gone(far_end &from, const error &why) = 0;
  /// The connection was closed for what it did.
  virtual void refused(const std::string &peer, const std::string &why) = 0;
  /// How much libzmq may hold back of the link's bytes: everything complete has been received from its socket if
  /// `drained`.
  [[nodiscard]] virtual std::uint64_t withheld_bytes_max(const far_end &from, bool drained) const = 0;
};

} // namespace outsize::zeromq
