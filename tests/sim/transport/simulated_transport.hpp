// The simulated transport: an ordinary transport plugin, built on the sdk alone, whose wire is a simulated network.
//
// It has no event descriptor. A driver that knows the network asks it who has work; without one (set_polled) it asks to
// be polled once a millisecond.
//
// Thread rule: the network's.
#pragma once

#include "sim/transport/port.hpp"

#include <outsize/transport.hpp>

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace outsize::sim {

class simulated_transport : public transport {
public:
  static constexpr std::array<const char *, 1> schemes = {"sim"};
  static std::span<const outsize_param> params();
  /// Needs the host service network_service; without it the answer is invalid_argument.
  static result<std::unique_ptr<transport>> create(const transport_setup &setup);
  /// The same on a network that was found otherwise.
  static result<std::unique_ptr<transport>> create_on(const network_door &door, const transport_setup &setup);

  result<std::string> listen(std::string_view address) override;
  result<outsize_link> connect(std::string_view address, std::uint64_t token) override;
  void disconnect(outsize_link link) override;
  result<void> set_link_limit(outsize_link link, std::uint64_t bytes) override;
  result<send_outcome> send(outsize_link link, std::span<const buffer> parts, std::uint64_t token) override;
  time_point poll(std::uint32_t budget, time_point now) override;
  int event_fd() override { return -1; }
  bool link_stats(outsize_link link, outsize_link_stats &stats) override;
  void begin_close() override;
  bool closed() override;

private:
  simulated_transport(const network_door &door, const transport_setup &setup);
  void deliver(transport_event &&event);

  network &net_;
  host_services host_;
  transport_events events_;
  port port_;
  bool closing_ = false;
};

} // namespace outsize::sim
