// What libzmq reports about the connections of one socket: accepted, connected, gone.
//
// Reports are never dropped and never hold up libzmq's threads: the queue between has no bound. It is short-lived,
// since it is emptied by each poll.
//
// Thread rule: the host's thread.
#pragma once

#include <outsize/result.hpp>

#include <zmq.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace outsize::zeromq {

struct monitor_event {
  std::uint16_t what = 0;  ///< ZMQ_EVENT_*
  std::uint32_t value = 0; ///< a descriptor or an error, as the event has it
};

class monitor {
public:
  /// Begins to watch `socket`, before it binds or connects. `name` is unique in the context. Errors: overloaded.
  static result<std::unique_ptr<monitor>> start(zmq::context_t &context, zmq::socket_t &socket, const std::string &name,
                                                int events);
  monitor(const monitor &) = delete;
  monitor &operator=(const monitor &) = delete;
  /// Ends the reports first, so that no thread of libzmq waits for a reader that is gone. Before the socket closes.
  ~monitor();

  [[nodiscard]] int fd() { return change_fd_; }
  /// Everything reported since the last call, in order.
  std::vector<monitor_event> take();

private:
  monitor(zmq::socket_t &watched, zmq::socket_t &&reports);
  zmq::socket_t &watched_;
  zmq::socket_t reports_;
  int change_fd_;
};

} // namespace outsize::zeromq
