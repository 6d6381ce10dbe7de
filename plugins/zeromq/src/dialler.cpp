#include "dialler.hpp"

#include "limits.hpp"
#include "socket_io.hpp"

#include <utility>

namespace outsize::zeromq {

namespace {

constexpr int watched_events = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CLOSED | ZMQ_EVENT_DISCONNECTED |
                               ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                               ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;

} // namespace

result<std::unique_ptr<dialler>> dialler::start(shared_context &shared, const address &to) {
  try {
    zmq::socket_t socket(shared.zmq, zmq::socket_type::dealer);
    set_common_options(socket, shared.options, to.v6);
    socket.set(zmq::sockopt::reconnect_ivl, -1); // a second connection would bring old messages before the open frame
    std::unique_ptr<dialler> made(new dialler(shared, to, std::move(socket)));
    if (result<void> connected = made->connect(); !connected) {
      return connected.error();
    }
    return made;
  } catch (const zmq::error_t &failed) {
    return make_error(code::overloaded, "no ZeroMQ socket for " + to.text() + ": " + failed.what());
  }
}

dialler::dialler(shared_context &shared, const address &to, zmq::socket_t &&socket)
    : shared_(shared), to_(to), number_(shared.next_number()), socket_(std::move(socket)) {}

result<void> dialler::connect() {
  result<std::unique_ptr<monitor>> reports =
      monitor::start(shared_.zmq, socket_, "dialler-" + std::to_string(number_), watched_events);
  if (!reports) {
    return reports.error();
  }
  reports_ = std::move(reports).value();
  change_fd_ = change_fd(socket_);
  if (!shared_.wake.watch(change_fd_, make_tag(source::socket, number_)) ||
      !shared_.wake.watch(reports_->fd(), make_tag(source::reports, number_))) {
    return make_error(code::overloaded, "no room to watch a socket for " + to_.text());
  }
  if (zmq_connect(socket_.handle(), to_.endpoint().c_str()) != 0) {
    return make_error(code::invalid_argument, "cannot connect to " + to_.text() + ": " + zmq_strerror(zmq_errno()));
  }
  return {};
}

dialler::~dialler() {
  if (connection_) {
    shared_.watch.left(*connection_);
  }
  if (change_fd_ >= 0) {
    shared_.wake.forget(change_fd_);
  }
  if (reports_) {
    shared_.wake.forget(reports_->fd());
  }
  reports_.reset();
}

bool dialler::send(zmq::message_t &frame) {
  sent_ = true;
  // No mark is set, so "no room" means that there is no connection to make room.
  return !lost_ && zeromq::send(socket_, frame) == io::done;
}

std::uint64_t dialler::received_bytes() const {
  return connection_ ? connection_->received_bytes() : 0;
}

void dialler::leave(bool gently, time_point now) {
  carry(0);
  if (gently && connected_ && !lost_) {
    leave_by_ = now + close_grace;
  } else {
    over_ = true;
  }
}

std::uint64_t dialler::withheld_bytes_max(const connection & /*of*/) const {
  return shared_.events.withheld_bytes_max(*this, drained_);
}

void dialler::abused(connection & /*of*/, std::uint64_t withheld_bytes) {
  lose(std::to_string(withheld_bytes) + " bytes received that make no message");
}

void dialler::read_reports() {
  for (const monitor_event &event : reports_->take()) {
    report(event);
  }
}

void dialler::report(const monitor_event &event) {
  switch (event.what) {
  case ZMQ_EVENT_CONNECTED:
    connected_ = true;
    connection_ = connection::join(static_cast<int>(event.value), 0, *this, shared_.wake,
                                   make_tag(source::connection, shared_.next_number()));
    if (connection_) {
      shared_.watch.joined(*connection_, now_);
    }
    return;
  case ZMQ_EVENT_CLOSED:
    return connected_ ? void() : lose("nobody answers there");
  case ZMQ_EVENT_DISCONNECTED:
    return lose("the connection was closed by the far side");
  default:
    return lose("the far side does not speak ZeroMQ's protocol");
  }
}

void dialler::lose(const std::string &why) {
  if (!lost_) {
    lost_ = why;
  }
  ready_ = true; // what came before is received first
}

std::size_t dialler::receive(std::size_t frames_max) {
  zmq::message_t frame;
  std::size_t taken = 0;
  while (taken < frames_max && !over_) {
    if (zeromq::receive(socket_, frame) != io::done) {
      ready_ = false;
      drained_ = true;
      break;
    }
    ++taken;
    if (connection_) {
      connection_->delivered(frame.size());
    }
    bool more = frame.more();
    shared_.events.arrived(*this, frame, more);
    for (; more && zeromq::receive(socket_, frame) == io::done; more = frame.more()) {
      connection_ ? connection_->delivered(frame.size()) : void();
    }
  }
  return taken;
}

void dialler::settle() {
  if (lost_ && (drained_ || over_)) {
    if (link() != 0) {
      shared_.events.gone(*this, make_error(code::link_down, to_.text() + ": " + *lost_));
    }
    over_ = true;
  }
  over_ = over_ || now_ >= leave_by_;
}

void dialler::recheck() {
  if (std::exchange(sent_, false) && !ready_) {
    ready_ = readable(socket_);
  }
}

} // namespace outsize::zeromq
