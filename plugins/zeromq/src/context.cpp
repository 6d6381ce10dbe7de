#include "context.hpp"

namespace outsize::zeromq {

void set_common_options(zmq::socket_t &socket, const settings &options, bool v6) {
  socket.set(zmq::sockopt::linger, 0);
  socket.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(options.frame_bytes_max()));
  // Both are counts of frames, of whatever size. What we send is bounded in bytes before it gets here, and without a
  // mark libzmq does not wake us for every few frames it has sent. What is received is bounded by credit, from peers
  // that keep to it; the mark is for the others.
  socket.set(zmq::sockopt::sndhwm, 0);
  socket.set(zmq::sockopt::rcvhwm, receive_frames_max);
  socket.set(
      zmq::sockopt::handshake_ivl,
      static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(options.handshake_timeout).count()));
  socket.set(zmq::sockopt::ipv6, v6);
}

} // namespace outsize::zeromq
