#include "sim/transport/watched_inmemory.hpp"

#include <outsize/abi/module.h>

#include <dlfcn.h>

#include <stdexcept>

namespace outsize::sim {

namespace {

constexpr std::array<outsize_param, 1> declared = {
    param::bytes("queue-bytes", "64MiB", "as in the plugin below", 4096, 1LL << 40)};

/// The plugin file of this build; loaded once, for good.
const outsize_transport_api *inmemory_api() {
  static const outsize_transport_api *const api = [] {
    void *file = dlopen(INMEMORY_PLUGIN, RTLD_NOW | RTLD_LOCAL);
    auto *entry =
        file == nullptr ? nullptr : reinterpret_cast<const outsize_module *(*)()>(dlsym(file, "outsize_module_v1"));
    if (entry == nullptr) {
      throw std::runtime_error(std::string("the in-memory plugin cannot be loaded: ") + dlerror());
    }
    return static_cast<const outsize_transport_api *>(entry()->components->api);
  }();
  return api;
}

} // namespace

std::span<const outsize_param> watched_inmemory::params() {
  return declared;
}

result<std::unique_ptr<transport>> watched_inmemory::create(const transport_setup &setup) {
  const auto *door = setup.host.service<network_door>(network_service);
  if (door == nullptr) {
    return make_error(code::invalid_argument, std::string("this host has no service ") + network_service);
  }
  const std::array<outsize_param_value, 1> given = {
      {{"queue-bytes", OUTSIZE_PARAM_BYTES, 1, static_cast<std::int64_t>(setup.params.bytes("queue-bytes")), ""}}};
  transport_handle::options how;
  how.host = setup.host.table();
  how.params = given;
  how.message_bytes_max = setup.message_bytes_max;
  how.memory_bytes_max = setup.memory_bytes_max;
  result<std::unique_ptr<transport_handle>> below = transport_handle::open(inmemory_api(), how);
  if (!below) {
    return std::move(below).error();
  }
  return std::unique_ptr<transport>(new watched_inmemory(std::move(below).value(), *door, setup));
}

watched_inmemory::watched_inmemory(std::unique_ptr<transport_handle> below, const network_door &door,
                                   const transport_setup &setup)
    : below_(std::move(below)), door_(door), events_(setup.events), limit_bytes_(setup.message_bytes_max) {
  below_->set_handler([this](transport_event &&event) { pass_on(std::move(event)); });
}

result<send_outcome> watched_inmemory::send(outsize_link link, std::span<const buffer> parts, std::uint64_t token) {
  std::vector<buffer> copies(parts.begin(), parts.end());
  const result<transport_handle::sent> outcome = below_->send(link, copies, token);
  if (!outcome) {
    return outcome.error();
  }
  switch (*outcome) {
  case transport_handle::sent::busy:
    return send_outcome::busy;
  case transport_handle::sent::done:
    door_.network->show_crossing(door_.machine, limit_bytes_, parts);
    return send_outcome::done;
  case transport_handle::sent::queued:
    break;
  }
  door_.network->show_crossing(door_.machine, limit_bytes_, parts);
  return send_outcome::queued;
}

void watched_inmemory::pass_on(transport_event &&event) {
  using kind = transport_event::kind;
  switch (event.what) {
  case kind::link_up:
    return events_.link_up(event.link, event.token, event.peer);
  case kind::link_down:
    return events_.link_down(event.link, event.token, event.why);
  case kind::message:
    return events_.message(event.link, std::move(event.parts));
  case kind::completion:
    return events_.completion(event.link, event.token, event.why.code == code::ok ? nullptr : &event.why);
  case kind::writable:
    return events_.writable(event.link);
  case kind::oversize:
    return events_.oversize(event.link, event.peer, event.actual_bytes, event.limit_bytes);
  }
}

} // namespace outsize::sim
