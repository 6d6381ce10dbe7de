// libzmq calls that never wait and never throw, and the names of what they answer.
//
// Thread rule: the thread that owns the socket.
#pragma once

#include <zmq.hpp>

#include <cstdint>

namespace outsize::zeromq {

enum class io : std::uint8_t {
  done,
  again, ///< nothing there, or no room
  gone,  ///< the far end is not reachable any more
};

io receive(zmq::socket_t &socket, zmq::message_t &into);
/// Takes the message over only when done.
io send(zmq::socket_t &socket, zmq::message_t &message, bool more = false);

/// True when there is something to receive. Also makes ZMQ_FD speak up for whatever comes later.
bool readable(zmq::socket_t &socket);
/// The descriptor that tells of changes; an edge (see waker).
int change_fd(zmq::socket_t &socket);

} // namespace outsize::zeromq
