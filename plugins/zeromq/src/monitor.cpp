#include "monitor.hpp"

#include "socket_io.hpp"

#include <cstring>
#include <utility>

namespace outsize::zeromq {

result<std::unique_ptr<monitor>> monitor::start(zmq::context_t &context, zmq::socket_t &socket, const std::string &name,
                                                int events) {
  const std::string address = "inproc://" + name;
  try {
    zmq::socket_t reports(context, zmq::socket_type::pair);
    reports.set(zmq::sockopt::rcvhwm, 0); // a full queue would stop libzmq's thread
    reports.set(zmq::sockopt::linger, 0);
    if (zmq_socket_monitor(socket.handle(), address.c_str(), events) != 0) {
      throw zmq::error_t();
    }
    std::unique_ptr<monitor> made(new monitor(socket, std::move(reports)));
    made->reports_.connect(address);
    made->take(); // nothing yet: libzmq announces only what comes after a look that found nothing
    return made;
  } catch (const zmq::error_t &failed) {
    return make_error(code::overloaded, std::string("cannot watch a ZeroMQ socket: ") + failed.what());
  }
}

monitor::monitor(zmq::socket_t &watched, zmq::socket_t &&reports)
    : watched_(watched), reports_(std::move(reports)), change_fd_(zeromq::change_fd(reports_)) {}

monitor::~monitor() {
  zmq_socket_monitor(watched_.handle(), nullptr, 0);
}

std::vector<monitor_event> monitor::take() {
  std::vector<monitor_event> taken;
  zmq::message_t event;
  zmq::message_t address;
  while (receive(reports_, event) == io::done && receive(reports_, address) == io::done) {
    if (event.size() < 6) {
      continue;
    }
    monitor_event seen;
    const auto *bytes = static_cast<const std::uint8_t *>(event.data());
    std::memcpy(&seen.what, bytes, sizeof seen.what);
    std::memcpy(&seen.value, bytes + sizeof seen.what, sizeof seen.value);
    taken.push_back(seen);
  }
  return taken;
}

} // namespace outsize::zeromq
