#include "sim/transport/simulated_transport.hpp"

#include <algorithm>
#include <utility>

namespace outsize::sim {

namespace {

constexpr std::array<outsize_param, 2> declared = {
    param::bytes("queue-bytes", "4MiB", "bytes sent and not completed on one link before it is busy", 1, 1LL << 40),
    param::duration("connect-timeout", "3s", "how long a connect waits for an answer", 1, 1LL << 50)};

port_limits limits_of(const transport_setup &setup) {
  return {setup.message_bytes_max, setup.memory_bytes_max, setup.params.bytes("queue-bytes"),
          setup.params.duration("connect-timeout")};
}

error closing_error() {
  return make_error(code::closed, "the transport is closing");
}

} // namespace

std::span<const outsize_param> simulated_transport::params() {
  return declared;
}

result<std::unique_ptr<transport>> simulated_transport::create(const transport_setup &setup) {
  const auto *door = setup.host.service<network_door>(network_service);
  if (door == nullptr) {
    return make_error(code::invalid_argument, std::string("this host has no service ") + network_service);
  }
  return create_on(*door, setup);
}

result<std::unique_ptr<transport>> simulated_transport::create_on(const network_door &door,
                                                                  const transport_setup &setup) {
  if (setup.memory_bytes_max < setup.message_bytes_max) {
    return size_error(code::budget_too_small, "memory for messages being received is below one legal message",
                      setup.memory_bytes_max, setup.message_bytes_max);
  }
  return std::unique_ptr<transport>(new simulated_transport(door, setup));
}

simulated_transport::simulated_transport(const network_door &door, const transport_setup &setup)
    : net_(*door.network), host_(setup.host), events_(setup.events),
      port_(*door.network, door.machine, limits_of(setup)) {}

result<std::string> simulated_transport::listen(std::string_view address) {
  if (closing_) {
    return closing_error();
  }
  return port_.listen(std::string(address));
}

result<outsize_link> simulated_transport::connect(std::string_view address, std::uint64_t token) {
  if (closing_) {
    return closing_error();
  }
  net_.advance(host_.now());
  return port_.connect(std::string(address), token);
}

void simulated_transport::disconnect(outsize_link link) {
  port_.disconnect(link);
}

result<void> simulated_transport::set_link_limit(outsize_link link, std::uint64_t bytes) {
  return port_.set_limit(link, bytes);
}

result<send_outcome> simulated_transport::send(outsize_link link, std::span<const buffer> parts, std::uint64_t token) {
  net_.advance(host_.now());
  return port_.send(link, parts, token);
}

time_point simulated_transport::poll(std::uint32_t budget, time_point now) {
  net_.run(now);
  for (std::uint32_t i = 0; i < budget; ++i) {
    std::optional<transport_event> event = port_.take();
    if (!event) {
      break;
    }
    deliver(std::move(*event));
  }
  if (port_.has_work()) {
    return now;
  }
  return net_.polled() ? std::min(net_.next_time(), now + std::chrono::milliseconds(1)) : never;
}

void simulated_transport::deliver(transport_event &&event) {
  switch (event.what) {
  case transport_event::kind::link_up:
    return events_.link_up(event.link, event.token, event.peer);
  case transport_event::kind::link_down:
    return events_.link_down(event.link, event.token, event.why);
  case transport_event::kind::message:
    return events_.message(event.link, std::move(event.parts));
  case transport_event::kind::completion:
    return events_.completion(event.link, event.token, event.why.code == code::ok ? nullptr : &event.why);
  case transport_event::kind::writable:
    return events_.writable(event.link);
  case transport_event::kind::oversize:
    return events_.oversize(event.link, event.peer, event.actual_bytes, event.limit_bytes);
  }
}

bool simulated_transport::link_stats(outsize_link link, outsize_link_stats &stats) {
  return port_.stats(link, stats);
}

void simulated_transport::begin_close() {
  closing_ = true;
  port_.begin_close();
}

bool simulated_transport::closed() {
  return port_.closed();
}

} // namespace outsize::sim
