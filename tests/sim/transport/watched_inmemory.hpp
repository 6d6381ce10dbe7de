// The in-memory plugin that ships, as a node's way to itself, with somebody who looks at each message it takes: so that
// the rules about sizes are checked on the one path that has no wire.
//
// It is made of the transport below it, as examples/plugins/lossy is. It has no event descriptor: whoever uses it asks
// to be polled again.
//
// Thread rule: one thread.
#pragma once

#include "sim/transport/network.hpp"

#include <outsize/transport.hpp>
#include <outsize/transport_handle.hpp>

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace outsize::sim {

class watched_inmemory : public transport {
public:
  static constexpr std::array<const char *, 1> schemes = {"inmemory"};
  static std::span<const outsize_param> params();
  /// Needs the host services network_service and OUTSIZE_INMEMORY_HUB.
  static result<std::unique_ptr<transport>> create(const transport_setup &setup);

  result<std::string> listen(std::string_view address) override { return below_->listen(std::string(address)); }
  result<outsize_link> connect(std::string_view address, std::uint64_t token) override {
    return below_->connect(std::string(address), token);
  }
  void disconnect(outsize_link link) override { below_->disconnect(link); }
  result<void> set_link_limit(outsize_link link, std::uint64_t bytes) override {
    return below_->set_link_limit(link, bytes);
  }
  result<send_outcome> send(outsize_link link, std::span<const buffer> parts, std::uint64_t token) override;
  time_point poll(std::uint32_t budget, time_point now) override { return below_->poll(budget, now); }
  int event_fd() override { return -1; }
  bool link_stats(outsize_link link, outsize_link_stats &stats) override { return below_->link_stats(link, stats); }
  void begin_close() override { below_->begin_close(); }
  bool closed() override { return below_->closed(); }

private:
  watched_inmemory(std::unique_ptr<transport_handle> below, const network_door &door, const transport_setup &setup);
  void pass_on(transport_event &&event);

  std::unique_ptr<transport_handle> below_;
  const network_door &door_;
  transport_events events_;
  std::uint64_t limit_bytes_;
};

} // namespace outsize::sim
