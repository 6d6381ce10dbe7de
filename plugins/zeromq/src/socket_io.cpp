#include "socket_io.hpp"

#include <cerrno>

namespace outsize::zeromq {

namespace {

io answer(int outcome) {
  if (outcome >= 0) {
    return io::done;
  }
  // EINTR: a signal came between; the caller's next look goes on.
  return zmq_errno() == EAGAIN || zmq_errno() == EINTR ? io::again : io::gone;
}

} // namespace

io receive(zmq::socket_t &socket, zmq::message_t &into) {
  return answer(zmq_msg_recv(into.handle(), socket.handle(), ZMQ_DONTWAIT));
}

io send(zmq::socket_t &socket, zmq::message_t &message, bool more) {
  return answer(zmq_msg_send(message.handle(), socket.handle(), ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)));
}

bool readable(zmq::socket_t &socket) {
  int events = 0;
  std::size_t size = sizeof events;
  // After EINTR the state is not known: say yes, and the receive that follows finds out.
  return zmq_getsockopt(socket.handle(), ZMQ_EVENTS, &events, &size) != 0 || (events & ZMQ_POLLIN) != 0;
}

int change_fd(zmq::socket_t &socket) {
  return socket.get(zmq::sockopt::fd);
}

} // namespace outsize::zeromq
