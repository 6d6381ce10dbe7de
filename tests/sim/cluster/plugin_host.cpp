#include "sim/cluster/plugin_host.hpp"

#include "host/core/check.hpp"
#include "sim/transport/simulated_transport.hpp"
#include "sim/transport/watched_inmemory.hpp"

#include <outsize/wire/limits.hpp>

#include <array>
#include <string_view>
#include <utility>

namespace outsize::sim {

plugin_host::plugin_host(world &in, std::string machine, random_source source)
    : world_(in), door_{&in.net, std::move(machine)}, random_(source),
      table_{sizeof(outsize_host), OUTSIZE_ABI_MINOR, this, &write_log, &now_ns, &random, &get_service} {}

std::unique_ptr<transport_handle> plugin_host::open_transport(std::uint64_t message_limit_bytes,
                                                              std::uint64_t queue_bytes) {
  const std::array<outsize_param_value, 2> params = {
      {{"queue-bytes", OUTSIZE_PARAM_BYTES, 0, static_cast<std::int64_t>(queue_bytes), ""},
       {"connect-timeout", OUTSIZE_PARAM_DURATION, 1, 3'000'000'000, ""}}};
  transport_handle::options how;
  how.host = &table_;
  how.params = params;
  how.message_bytes_max = message_limit_bytes;
  how.memory_bytes_max = message_limit_bytes * 4;
  auto opened = transport_handle::open(transport_api<simulated_transport>(), how);
  OUTSIZE_CHECK(opened.has_value(), "a simulated transport always opens");
  return std::move(opened).value();
}

std::vector<std::unique_ptr<transport_handle>> plugin_host::open_transports(std::uint64_t message_limit_bytes,
                                                                            std::uint64_t queue_bytes) {
  std::vector<std::unique_ptr<transport_handle>> made;
  made.push_back(open_transport(message_limit_bytes, queue_bytes));
  return made;
}

std::unique_ptr<transport_handle> plugin_host::open_inmemory(std::uint64_t message_limit_bytes) {
  const std::array<outsize_param_value, 1> params = {{{"queue-bytes", OUTSIZE_PARAM_BYTES, 0, 64LL * wire::mib, ""}}};
  transport_handle::options how;
  how.host = &table_;
  how.params = params;
  how.message_bytes_max = message_limit_bytes;
  how.memory_bytes_max = message_limit_bytes * 4;
  auto opened = transport_handle::open(transport_api<watched_inmemory>(), how);
  OUTSIZE_CHECK(opened.has_value(), "an in-memory transport always opens");
  return std::move(opened).value();
}

void plugin_host::write_log(void *context, std::uint32_t /*level*/, const char *component, const char *text) {
  const auto *self = static_cast<plugin_host *>(context);
  self->world_.say(self->door_.machine, std::string(component) + ": " + text);
}

std::uint64_t plugin_host::now_ns(void *context) {
  return to_abi(static_cast<plugin_host *>(context)->world_.now);
}

std::uint64_t plugin_host::random(void *context) {
  return static_cast<plugin_host *>(context)->random_.next();
}

const void *plugin_host::get_service(void *context, const char *id) {
  const auto *self = static_cast<plugin_host *>(context);
  if (std::string_view(id) == OUTSIZE_INMEMORY_HUB) {
    return self->world_.hub.table();
  }
  return std::string_view(id) == network_service ? &self->door_ : nullptr;
}

} // namespace outsize::sim
