#include "listener.hpp"

#include "frames.hpp"
#include "limits.hpp"
#include "socket_io.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>
#include <vector>

namespace outsize::zeromq {

namespace {

/// libzmq's number of the connection that brought `frame`; -1 when it does not say, for peers of before ZMTP 3.
int descriptor_of(zmq::message_t &frame) {
  return zmq_msg_get(frame.handle(), ZMQ_SRCFD);
}

std::uint16_t port_in(const std::string &endpoint) {
  std::uint16_t port = 0;
  const std::size_t colon = endpoint.rfind(':') + 1;
  std::from_chars(endpoint.data() + colon, endpoint.data() + endpoint.size(), port);
  return port;
}

bool asks_for_a_link(const zmq::message_t &frame) {
  return frame.size() >= frame_prefix_bytes &&
         *static_cast<const std::uint8_t *>(frame.data()) == static_cast<std::uint8_t>(frame_kind::open);
}

} // namespace

// ---- beginning and end

result<std::unique_ptr<listener>> listener::bind(shared_context &shared, const address &at) {
  try {
    zmq::socket_t socket(shared.zmq, zmq::socket_type::router);
    set_common_options(socket, shared.options, at.v6);
    socket.set(zmq::sockopt::router_mandatory, true);
    socket.set(zmq::sockopt::backlog, shared.options.backlog);
    std::unique_ptr<listener> made(new listener(shared, at, std::move(socket)));
    if (result<void> opened = made->open(); !opened) {
      return opened.error();
    }
    return made;
  } catch (const zmq::error_t &failed) {
    return make_error(code::overloaded, "no ZeroMQ socket for " + at.text() + ": " + failed.what());
  }
}

listener::listener(shared_context &shared, const address &at, zmq::socket_t &&socket)
    : shared_(shared), at_(at), number_(shared.next_number()), desk_{std::move(socket)}, entrance_(shared, *this) {}

result<void> listener::open() {
  result<std::unique_ptr<monitor>> reports = monitor::start(
      shared_.zmq, desk_.socket, "listener-" + std::to_string(number_), ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED);
  if (!reports) {
    return reports.error();
  }
  reports_ = std::move(reports).value();
  change_fd_ = change_fd(desk_.socket);
  if (!shared_.wake.watch(change_fd_, make_tag(source::socket, number_)) ||
      !shared_.wake.watch(reports_->fd(), make_tag(source::reports, number_))) {
    return make_error(code::overloaded, "no room to watch a socket for " + at_.text());
  }
  if (zmq_bind(desk_.socket.handle(), at_.endpoint().c_str()) != 0) {
    return bind_error(zmq_errno());
  }
  at_.port = port_in(desk_.socket.get(zmq::sockopt::last_endpoint));
  return {};
}

error listener::bind_error(int number) const {
  const std::string text = "cannot listen on " + at_.text() + ": " + zmq_strerror(number);
  switch (number) {
  case EADDRINUSE:
    return make_error(code::address_in_use, text);
  case EACCES:
  case EPERM:
    return make_error(code::permission_denied, text, "use a port above 1023, or give the process the right to bind it");
  case EMFILE:
  case ENFILE:
    return make_error(code::overloaded, text, "raise the limit of open files (ulimit -n)");
  default:
    return make_error(code::invalid_argument, text, "listen on an address of this machine");
  }
}

listener::~listener() {
  if (change_fd_ >= 0) {
    shared_.wake.forget(change_fd_);
  }
  if (reports_) {
    shared_.wake.forget(reports_->fd());
  }
  reports_.reset();
}

void listener::unbind() {
  // Fails only when it is unbound already.
  zmq_unbind(desk_.socket.handle(), desk_.socket.get(zmq::sockopt::last_endpoint).c_str());
}

// ---- what is watched

std::uint64_t listener::withheld_bytes_max(const connection &of) const {
  const entrance::entry *one = entrance_.find(of);
  if (one == nullptr || one->speaker == nullptr) {
    return unopened_bytes_max;
  }
  if (one->speaker->leaving()) {
    return window_bytes_max + piece_bytes_max; // on its way out, and may have been in the middle of something
  }
  return one->speaker->link() == 0 ? unopened_bytes_max : shared_.events.withheld_bytes_max(*one->speaker, drained_);
}

void listener::abused(connection &of, std::uint64_t withheld_bytes) {
  if (entrance::entry *one = entrance_.find(of)) {
    entrance_.cut(*one, std::to_string(withheld_bytes) + " bytes received that make no message");
  }
}

// ---- a poll

void listener::read_reports() {
  for (const monitor_event &event : reports_->take()) {
    if (event.what == ZMQ_EVENT_ACCEPTED) {
      entrance_.accepted(static_cast<int>(event.value), at_.port, now_);
    } else {
      entrance_.lost(static_cast<int>(event.value), now_);
      ready_ = true; // what it has brought is received first
    }
  }
}

std::size_t listener::receive(std::size_t frames_max) {
  zmq::message_t id;
  zmq::message_t frame;
  std::size_t taken = 0;
  for (; taken < frames_max; ++taken) {
    if (zeromq::receive(desk_.socket, id) != io::done || zeromq::receive(desk_.socket, frame) != io::done) {
      ready_ = false;
      drained_ = true;
      break;
    }
    take(frame, speaker_of(id, frame));
  }
  return taken;
}

void listener::take(zmq::message_t &frame, caller *from) {
  connection *at = from != nullptr ? from->at() : nullptr;
  const auto count = [&] { at != nullptr ? at->delivered(frame.size()) : void(); };
  count();
  bool more = frame.more();
  if (from != nullptr) {
    shared_.events.arrived(*from, frame, more);
  }
  for (; more && zeromq::receive(desk_.socket, frame) == io::done; more = frame.more()) {
    count();
  }
}

caller *listener::speaker_of(const zmq::message_t &id, zmq::message_t &frame) {
  const std::optional<routing_id> routing = read_routing_id(id);
  if (routing) {
    if (const auto found = callers_.find(*routing); found != callers_.end()) {
      return found->second.get();
    }
  }
  read_reports(); // a connection is reported before its messages come, but perhaps after our last look
  entrance::entry *at = entrance_.find(descriptor_of(frame));
  if (at == nullptr) {
    return nullptr; // left behind by a connection that is gone
  }
  if (!routing) {
    entrance_.cut(*at, "it chose a routing id of its own");
    return nullptr;
  }
  return introduce(*routing, frame, *at);
}

caller *listener::introduce(routing_id routing, const zmq::message_t &frame, entrance::entry &at) {
  if (at.speaker != nullptr) {
    // Two routing ids with one descriptor: it was used again, and one of the two is left behind by a connection that is
    // gone. If this one wants a link there is no telling which; the one that is alive will dial again.
    if (asks_for_a_link(frame)) {
      entrance_.cut(at, "its messages cannot be told from those of an earlier connection");
    }
    return nullptr;
  }
  auto &made = callers_[routing];
  made = std::make_unique<caller>(desk_, routing, *at.at);
  at.speaker = made.get();
  return made.get();
}

void listener::settle() {
  entrance_.expire(now_);
  if (!desk_.ending) {
    return;
  }
  std::vector<caller *> departed;
  desk_.ending = false;
  for (const auto &[routing, one] : callers_) {
    one->settle(now_);
    desk_.ending = desk_.ending || one->leaving() || one->departed();
    if (one->departed() && (drained_ || now_ >= one->deadline())) {
      departed.push_back(one.get());
    }
  }
  for (caller *one : departed) {
    forget(*one);
  }
}

void listener::forget(caller &one) {
  if (one.link() != 0) {
    shared_.events.gone(one, make_error(code::link_down, one.peer() + ": " + one.why()));
  }
  callers_.erase(one.routing());
}

time_point listener::deadline() const {
  time_point next = entrance_.deadline();
  for (auto one = callers_.begin(); desk_.ending && one != callers_.end(); ++one) {
    next = std::min(next, one->second->deadline());
  }
  return next;
}

void listener::recheck() {
  if (std::exchange(desk_.sent, false) && !ready_) {
    ready_ = readable(desk_.socket);
  }
}

} // namespace outsize::zeromq
