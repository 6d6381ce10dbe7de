// In-memory instances on threads of their own: what one host does while another does something else.
#include <outsize/suite/counted_buffer.hpp>
#include <outsize/suite/loaded_module.hpp>
#include <outsize/suite/patience.hpp>
#include <outsize/suite/test_host.hpp>
#include <outsize/transport_handle.hpp>

#include <catch2/catch.hpp>

#include <poll.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace outsize;
using namespace outsize::suite;

namespace {

using kind = transport_event::kind;
using sent = transport_handle::sent;

using suite::patience;

std::unique_ptr<transport_handle> open(const test_host &host, const std::string &queue_bytes = "256KiB") {
  const result<const outsize_module *> module = load_module(INMEMORY_PLUGIN);
  REQUIRE(module.has_value());
  const outsize_component *component = find_component(*module.value(), OUTSIZE_TRANSPORT_KIND, "inmemory");
  REQUIRE(component != nullptr);
  const result<param_set> params = param_set::make(*component, {{"queue-bytes", queue_bytes}});
  REQUIRE(params.has_value());
  transport_handle::options how;
  how.host = host.table();
  how.params = params->values();
  how.message_bytes_max = 1U << 20U;
  how.memory_bytes_max = 8U << 20U;
  auto opened = transport_handle::open(static_cast<const outsize_transport_api *>(component->api), how);
  REQUIRE(opened.has_value());
  return std::move(opened).value();
}

/// Polls and waits on the descriptor until `done`. False when it took too long. Safe on any thread: checks nothing.
template <class Done> bool run(transport_handle &at, const Done &done) {
  const time_point deadline = steady_now() + patience;
  while (!done()) {
    if (steady_now() > deadline) {
      return false;
    }
    if (at.poll(64, steady_now()) == never && !done()) {
      pollfd one{at.event_fd(), POLLIN, 0};
      (void)::poll(&one, 1, 10); // the other thread may be done without a word to us
    }
  }
  return true;
}

/// Sends back whatever comes, until its link is down. A busy link gets the echo when it is writable.
void echo(transport_handle &at, std::atomic<bool> &finished) {
  std::vector<std::pair<outsize_link, std::vector<buffer>>> pending;
  bool down = false;
  const auto drain = [&] {
    while (!pending.empty()) {
      const result<sent> answer = at.send(pending.front().first, pending.front().second, 1);
      if (answer && answer.value() == sent::busy) {
        return;
      }
      pending.erase(pending.begin()); // sent, or the link is gone
    }
  };
  at.set_handler([&](transport_event &&event) {
    if (event.what == kind::message) {
      pending.emplace_back(event.link, std::move(event.parts));
    }
    down = down || event.what == kind::link_down;
    drain();
  });
  finished = run(at, [&] { return down; });
  at.set_handler(nullptr);
}

} // namespace

TEST_CASE("threads: 50,000 messages there and back in order, payload not copied") {
  test_host host;
  const auto near = open(host);
  const auto far = open(host);
  const std::string address = far->listen("inmemory://far").value();
  std::atomic<bool> far_finished{false};
  std::thread other([&] { echo(*far, far_finished); });

  constexpr std::size_t total = 50'000;
  const buffer payload = buffer::copy_of(std::vector<std::uint8_t>(1000, 7));
  std::size_t sent_count = 0;
  std::size_t came = 0;
  std::size_t wrong = 0;
  bool up = false;
  bool writable = true;
  near->set_handler([&](transport_event &&event) {
    up = up || event.what == kind::link_up;
    writable = writable || event.what == kind::writable;
    if (event.what == kind::message) {
      wrong += event.parts[0].text() == std::to_string(came++) ? 0U : 1U;
      wrong += event.parts[1].data() == payload.data() ? 0U : 1U;
    }
  });
  const outsize_link link = near->connect(address, 1).value();
  const bool finished = run(*near, [&] {
    while (up && writable && sent_count < total) {
      std::vector<buffer> parts{buffer::copy_of(std::to_string(sent_count)), payload};
      const result<sent> answer = near->send(link, parts, sent_count);
      writable = answer && answer.value() != sent::busy;
      sent_count += writable ? 1U : 0U;
    }
    return came == total;
  });
  near->disconnect(link);
  const bool drained = run(*near, [&] { return far_finished.load(); });
  other.join();
  CHECK(finished);
  CHECK(drained);
  CHECK(wrong == 0);
}

TEST_CASE("threads: instances that come and go beside one that stays (200 rounds)") {
  test_host host;
  reference_count count;
  std::atomic<bool> stop{false};
  const auto server = open(host);
  const std::string address = server->listen("inmemory://server").value();
  std::size_t ups = 0;
  std::size_t downs = 0;
  server->set_handler([&](transport_event &&event) {
    ups += event.what == kind::link_up ? 1U : 0U;
    downs += event.what == kind::link_down ? 1U : 0U;
    if (event.what == kind::message) {
      (void)server->send(event.link, event.parts, 1); // the caller may be gone already
    }
  });
  std::thread callers([&] {
    for (int round = 0; round < 200; ++round) {
      const auto caller = open(host);
      bool up = false;
      std::size_t came = 0;
      caller->set_handler([&](transport_event &&event) {
        up = up || event.what == kind::link_up;
        came += event.what == kind::message ? 1U : 0U;
      });
      const outsize_link link = caller->connect(address, 1).value();
      (void)run(*caller, [&] { return up; });
      for (std::uint64_t i = 0; i < 20; ++i) {
        std::vector<buffer> parts{count.make(std::vector<std::uint8_t>(100, 1))};
        (void)caller->send(link, parts, i);
      }
      const std::size_t wanted = static_cast<std::size_t>(round) % 20; // destroyed at every stage of the talk
      (void)run(*caller, [&] { return came >= wanted; });
    }
    stop = true;
  });
  const bool finished = run(*server, [&] { return stop.load() && ups == 200 && downs == 200; });
  callers.join();
  CHECK(finished);
  CHECK(ups == 200);
  CHECK(downs == 200);
  CHECK(count.live() == 0);
  CHECK_FALSE(count.over_released());
}
