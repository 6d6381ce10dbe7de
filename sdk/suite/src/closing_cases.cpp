#include "cases.hpp"

#include <outsize/suite/loaded_module.hpp>

namespace outsize::suite {

namespace {

void begin_close_nonblocking(const transport_factory &factory) {
  couple pair(factory);
  pair.far.hold(true); // a peer that does not read must not hold up the end
  (void)pair.send_until_busy(message_of(pair.near.limit()));
  pair.near.handle().begin_close();
  CHECK_FALSE(pair.near.at(pair.link.near).down.has_value()); // nothing was said outside of poll
  REQUIRE(pair.rig.run_until([&] { return pair.near.handle().closed(); }));
  CHECK(pair.near.at(pair.link.near).down.has_value());
  CHECK(pair.near.checker().outstanding() == 0);
}

void close_with_10k_inflight(const transport_factory &factory) {
  couple pair(factory);
  pair.far.hold(true);
  std::size_t taken = 0;
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    const result<sent> answer = pair.near.send(pair.link.near, message_of(100, i), pair.near.next_token());
    taken += answer && answer.value() == sent::queued ? 1U : 0U;
  }
  pair.near.handle().begin_close();
  REQUIRE(pair.rig.run_until([&] { return pair.near.handle().closed(); }));
  CHECK(pair.near.at(pair.link.near).completions.size() == taken);
  CHECK(pair.near.checker().outstanding() == 0);
}

void close_stops_listening(const transport_factory &factory) {
  couple pair(factory);
  pair.far.handle().begin_close();
  REQUIRE(pair.rig.run_until([&] { return pair.far.handle().closed() && pair.near.at(pair.link.near).down; }));
  CHECK(pair.far.at(pair.link.far).down.has_value());
  const result<outsize_link> again = pair.near.dial(pair.address);
  REQUIRE(again.has_value());
  REQUIRE(pair.rig.run_until([&] { return pair.near.at(again.value()).down.has_value(); }));
  CHECK_FALSE(pair.near.at(again.value()).risen);
}

void close_of_an_idle_instance(const transport_factory &factory) {
  transport_rig rig(factory);
  node &idle = rig.make();
  idle.handle().begin_close();
  REQUIRE(rig.run_until([&] { return idle.handle().closed(); }));
  CHECK(idle.events().empty());
}

void nothing_taken_while_closing(const transport_factory &factory) {
  couple pair(factory);
  pair.near.handle().begin_close();
  CHECK_FALSE(pair.near.send(pair.link.near, message_of(10), pair.near.next_token()).has_value());
  REQUIRE(pair.rig.run_until([&] { return pair.near.handle().closed(); }));
}

/// An instance on the bare table: transport_handle would hide an event that comes too late.
class bare_instance {
public:
  bare_instance(const transport_factory &factory, const outsize_host *host) {
    const result<const outsize_module *> module = load_module(factory.module_path);
    REQUIRE(module.has_value());
    const outsize_component *component = find_component(*module.value(), OUTSIZE_TRANSPORT_KIND, factory.component);
    REQUIRE(component != nullptr);
    api_ = static_cast<const outsize_transport_api *>(component->api);
    const result<param_set> params = param_set::make(*component, factory.params);
    REQUIRE(params.has_value());
    outsize_transport_open open{};
    open.struct_size = sizeof open;
    open.host = host;
    open.params = params->values().data();
    open.param_count = static_cast<std::uint32_t>(params->values().size());
    open.message_bytes_max = 1U << 20U;
    open.memory_bytes_max = 8U << 20U;
    open.sink = this;
    open.on_event = &count;
    outsize_error why = empty_abi_error();
    REQUIRE(api_->create(&open, &self_, &why) == 1);
  }
  outsize_link dial(const std::string &address) {
    outsize_link link = 0;
    outsize_error why = empty_abi_error();
    REQUIRE(api_->connect(self_, address.c_str(), 1, &link, &why) == 1);
    return link;
  }
  void send(outsize_link link, const buffer &part) {
    const outsize_message one{sizeof(outsize_message), 1, &part.part()};
    outsize_error why = empty_abi_error();
    buffer reference = part;
    const std::int32_t answer = api_->send(self_, link, &one, 1, &why);
    if (answer == OUTSIZE_SEND_QUEUED || answer == OUTSIZE_SEND_DONE) {
      (void)reference.detach();
    }
  }
  void poll() { api_->poll(self_, 1, to_abi(steady_now())); }
  void destroy() { api_->destroy(self_); }
  [[nodiscard]] std::size_t events() const { return events_; }

private:
  static void count(void *sink, const outsize_event *event) {
    ++static_cast<bare_instance *>(sink)->events_;
    for (std::uint32_t i = 0; event->kind == OUTSIZE_EVENT_MESSAGE && i < event->part_count; ++i) {
      (void)buffer::adopt(event->parts[i]);
    }
  }
  const outsize_transport_api *api_ = nullptr;
  outsize_transport *self_ = nullptr;
  std::size_t events_ = 0;
};

void no_callback_after_destroy(const transport_factory &factory) {
  transport_rig rig(factory);
  node &server = rig.make();
  const std::string address = rig.listen(server);
  bare_instance caller(factory, rig.host().table());
  const outsize_link link = caller.dial(address);
  const time_point deadline = steady_now() + patience;
  while (caller.events() == 0 && steady_now() < deadline) { // until its link is up
    caller.poll();
    (void)server.poll();
  }
  REQUIRE(caller.events() == 1);
  for (std::uint64_t i = 0; i < 20; ++i) {
    caller.send(link, message_of(200'000, i)[0]);
  }
  caller.poll();
  const std::size_t before = caller.events();
  caller.destroy();
  REQUIRE(rig.settle());
  CHECK(caller.events() == before);
}

constexpr suite_case cases[] = {
    {"begin-close-nonblocking", &begin_close_nonblocking},
    {"close-with-10k-inflight", &close_with_10k_inflight},
    {"close-stops-listening", &close_stops_listening},
    {"close-of-an-idle-instance", &close_of_an_idle_instance},
    {"close-takes-nothing-more", &nothing_taken_while_closing},
    {"no-callback-after-destroy", &no_callback_after_destroy},
};

} // namespace

std::span<const suite_case> closing_cases() {
  return cases;
}

} // namespace outsize::suite
