// The endpoint over the transports that ship, loaded as a host loads them, in real time.
#include "support/world.hpp"

#include <outsize/suite/loaded_module.hpp>
#include <outsize/suite/patience.hpp>
#include <outsize/suite/test_host.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <poll.h>

using namespace std::chrono_literals;
using namespace outsize;
using namespace outsize::wire;
using namespace outsize::wire::test;

namespace {

/// Only a broken transport ever waits this long.
using suite::patience;

struct shipped {
  const char *name;
  const char *module_path;
  const char *address;
};
constexpr shipped transports[] = {{"inmemory", INMEMORY_PLUGIN, "inmemory://b"},
                                  {"tcp", TCP_PLUGIN, "tcp://127.0.0.1:0"},
                                  {"zeromq", ZEROMQ_PLUGIN, "zeromq+tcp://127.0.0.1:0"}};

/// Two nodes on one of the transports, linked.
struct real_pair {
  real_pair(const shipped &which, std::uint64_t limit_a, std::uint64_t limit_b) {
    a = make(which, "a", limit_a);
    b = make(which, "b", limit_b);
    dial_options how;
    how.address = b->inside.listen(which.address).value();
    how.link = link_class::stores;
    (void)a->inside.dial(how).value();
    REQUIRE(run_until([&] { return !a->ups.empty() && !b->ups.empty(); }));
  }

  std::unique_ptr<test_node> make(const shipped &which, const std::string &name, std::uint64_t limit_bytes) {
    const outsize_module *module = suite::load_module(which.module_path).value();
    const outsize_component *component = suite::find_component(*module, OUTSIZE_TRANSPORT_KIND, "");
    const suite::param_set params = suite::param_set::make(*component, {}).value();
    transport_handle::options how;
    how.host = host.table();
    how.params = params.values();
    how.message_bytes_max = limit_bytes;
    how.memory_bytes_max = 4 * std::max(limit_bytes, mib);
    auto node = std::make_unique<test_node>(world::options_of(name, limit_bytes), [] { return std::uint64_t{7}; });
    const auto *api = static_cast<const outsize_transport_api *>(component->api);
    node->inside.add_transport(std::move(transport_handle::open(api, how)).value());
    return node;
  }

  bool run_until(const std::function<bool()> &done) {
    const time_point until = steady_now() + patience;
    while (!done() && steady_now() < until) {
      time_point next = never;
      std::vector<pollfd> fds;
      for (test_node *node : {a.get(), b.get()}) {
        if (node != nullptr) {
          next = std::min(next, node->inside.poll(steady_now()));
          for (const int fd : node->inside.event_fds()) {
            fds.push_back({fd, POLLIN, 0});
          }
        }
      }
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(std::min(next, until) - steady_now());
      ::poll(fds.data(), fds.size(), done() ? 0 : static_cast<int>(std::max<std::int64_t>(left.count() + 1, 0)));
    }
    return done();
  }

  void answer_with_payload() {
    b->message_rule = [this](incoming &message) {
      b->inside.answer(message.link, message.number, make_outgoing(stored{}, message.payload));
    };
  }

  suite::test_host host;
  std::unique_ptr<test_node> a;
  std::unique_ptr<test_node> b;
};

void each(const std::function<void(const shipped &)> &run) {
  for (const shipped &one : transports) {
    INFO(one.name);
    run(one);
  }
}

} // namespace

TEST_CASE("real transports: 2,000 pipelined requests are each answered (inmemory, tcp, zeromq)") {
  each([](const shipped &which) {
    real_pair pair(which, 32 * mib, 32 * mib);
    pair.answer_with_payload();
    int answered = 0;
    for (std::uint64_t i = 0; i < 2000; ++i) {
      pair.a->inside.request(pair.a->only_link(), store_of(i), never,
                             [&, i](const result<incoming> &one) { answered += one->payload.size() == i ? 1 : 0; });
    }
    CHECK(pair.run_until([&] { return answered == 2000; }));
  });
}

TEST_CASE("real transports: 20 MiB there and back, in parts (limits of 32 MiB and 4 KiB)") {
  const digest expected = digest_of(pattern(20 * mib));
  each([&](const shipped &which) {
    for (const std::uint64_t limit : {32 * mib, message_limit_bytes_min}) {
      real_pair pair(which, 32 * mib, limit);
      pair.answer_with_payload();
      const std::uint64_t bytes = limit == message_limit_bytes_min ? 2 * mib : 20 * mib;
      bool same = false;
      bool done = false;
      pair.a->inside.request(pair.a->only_link(), store_of(bytes), never, [&](const result<incoming> &one) {
        done = true;
        same = one && digest_of(one->payload) == (bytes == 20 * mib ? expected : digest_of(pattern(bytes)));
      });
      CHECK(pair.run_until([&] { return done; }));
      CHECK(same);
    }
  });
}

TEST_CASE("real transports: the smaller limit holds for both directions (one below, at, one above)") {
  each([](const shipped &which) {
    real_pair pair(which, 64 * kib, 32 * kib);
    pair.answer_with_payload();
    for (const std::uint64_t bytes : {32 * kib - 1, 32 * kib, 32 * kib + 1}) {
      bool answered = false;
      pair.a->inside.request(pair.a->only_link(), store_message_of(bytes), never,
                             [&](const result<incoming> &one) { answered = one.has_value(); });
      CHECK(pair.run_until([&] { return answered; }));
    }
    CHECK(pair.a->ups.size() == 1);
  });
}

TEST_CASE("real transports: a node that vanishes is a link down for the other, with its requests answered") {
  each([](const shipped &which) {
    real_pair pair(which, 32 * mib, 32 * mib);
    code outcome = code::ok;
    pair.a->inside.request(pair.a->only_link(), small_request(), never,
                           [&](const result<incoming> &one) { outcome = one.error().code; });
    REQUIRE(pair.run_until([&] { return !pair.b->messages.empty(); }));
    pair.b->messages.clear();
    pair.b.reset();
    CHECK(pair.run_until([&] { return !pair.a->downs.empty(); }));
    CHECK(outcome == code::link_down);
  });
}

TEST_CASE("real transports: closing says goodbye and ends") {
  each([](const shipped &which) {
    real_pair pair(which, 32 * mib, 32 * mib);
    pair.a->inside.begin_close(make_error(code::shutting_down, "node a is shutting down"));
    CHECK(pair.run_until([&] { return pair.a->inside.closed() && !pair.b->downs.empty(); }));
    CHECK(pair.b->downs[0].why.code == code::shutting_down);
  });
}
