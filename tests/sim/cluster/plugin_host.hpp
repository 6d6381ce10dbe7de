// What the simulator offers to the plugins of one machine: simulated time, seeded chance, and the door to the network.
//
// Thread rule: one thread; the machine's.
#pragma once

#include "sim/cluster/world.hpp"
#include "sim/random.hpp"
#include "sim/transport/network.hpp"

#include <outsize/abi/host.h>
#include <outsize/transport_handle.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace outsize::sim {

class plugin_host {
public:
  plugin_host(world &in, std::string machine, random_source random);
  plugin_host(const plugin_host &) = delete;
  plugin_host &operator=(const plugin_host &) = delete;

  /// A simulated transport of this machine; lives shorter than this object.
  std::unique_ptr<transport_handle> open_transport(std::uint64_t message_limit_bytes, std::uint64_t queue_bytes);
  /// The same, alone in a list, as a client takes them.
  std::vector<std::unique_ptr<transport_handle>> open_transports(std::uint64_t message_limit_bytes,
                                                                 std::uint64_t queue_bytes);
  /// The same for the machine's way to itself.
  std::unique_ptr<transport_handle> open_inmemory(std::uint64_t message_limit_bytes);

private:
  static void write_log(void *context, std::uint32_t level, const char *component, const char *text);
  static std::uint64_t now_ns(void *context);
  static std::uint64_t random(void *context);
  static const void *get_service(void *context, const char *id);

  world &world_;
  network_door door_;
  random_source random_;
  const outsize_host table_;
};

} // namespace outsize::sim
