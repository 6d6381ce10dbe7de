// The tcp transport against peers that do not keep the rules: raw sockets beside honest links.
#include "raw_peer.hpp"

#include <outsize/suite/transport_rig.hpp>

#include <catch2/catch.hpp>

#include <netdb.h>
#include <poll.h>
#include <sys/resource.h>

#include <cstring>
#include <fstream>
#include <limits>
#include <random>

using namespace outsize;
using namespace outsize::suite;

namespace {

constexpr std::uint64_t limit = 1U << 20U; // of node_options

transport_factory tcp() {
  transport_factory made;
  made.name = "tcp";
  made.module_path = TCP_PLUGIN;
  made.listen_address = [](unsigned) { return std::string("tcp://127.0.0.1:0"); };
  return made;
}
const transport_factory factory = tcp();

std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  statm >> total >> resident;
  return resident * 4096;
}

/// Memory did not grow by more than a peer's limit allows. Under a sanitizer the allocator tells nothing.
void check_flat([[maybe_unused]] std::uint64_t before, [[maybe_unused]] std::uint64_t link_limit) {
#ifndef OUTSIZE_SANITIZED
  const std::uint64_t now = resident_bytes();
  CHECK((now < before ? 0 : now - before) <= 2 * link_limit + (16U << 20U));
#endif
}

std::string number(std::uint64_t value) {
  return std::string(reinterpret_cast<const char *>(&value), 8);
}

/// A frame header that declares these lengths.
std::string header(const std::vector<std::uint64_t> &lengths) {
  std::string made = "OSF1" + number(lengths.size()).substr(0, 4);
  for (const std::uint64_t length : lengths) {
    made += number(length);
  }
  return made;
}

/// An honest couple, and the world that it shares with the hostile.
struct scene : couple {
  explicit scene(const node_options &options = {}) : couple(factory, {}, options) {}

  /// A raw connection to the far node, accepted by it. Sets `link` to its number there.
  raw_peer attack(outsize_link &at) {
    const std::size_t before = far.ups().size();
    raw_peer made(address);
    REQUIRE(rig.run_until([&] { return far.ups().size() > before; }));
    at = far.ups().back();
    return made;
  }
  /// The link goes down, and the honest one goes on.
  error fallen(outsize_link at) {
    REQUIRE(rig.run_until([&] { return far.at(at).down.has_value(); }));
    const message honest = message_of(1000);
    CHECK(same(pass(honest), honest));
    return far.at(at).down->why;
  }
};

/// Raises the soft limit of descriptors to the hard one, and puts it back.
class many_descriptors {
public:
  many_descriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit most = before_;
    most.rlim_cur = before_.rlim_max;
    setrlimit(RLIMIT_NOFILE, &most);
  }
  ~many_descriptors() { setrlimit(RLIMIT_NOFILE, &before_); }
  many_descriptors(const many_descriptors &) = delete;
  many_descriptors &operator=(const many_descriptors &) = delete;

private:
  rlimit before_{};
};

} // namespace

TEST_CASE("hostile input: random bytes (20 connections)") {
  scene world;
  const std::uint64_t before = resident_bytes();
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    outsize_link at = 0;
    raw_peer peer = world.attack(at);
    const std::vector<std::uint8_t> bytes = noise(100'000, seed);
    peer.send_some({reinterpret_cast<const char *>(bytes.data()), bytes.size()});
    CHECK(world.fallen(at).code == code::malformed);
  }
  check_flat(before, limit);
}

TEST_CASE("hostile input: forged lengths (limit + 1, 2^31, 2^32, 2^63, 2^64-1, a sum over 2^64)") {
  scene world;
  const std::uint64_t before = resident_bytes();
  const std::vector<std::vector<std::uint64_t>> forgeries = {
      {limit + 1}, {1ULL << 31U}, {1ULL << 32U}, {1ULL << 63U}, {UINT64_MAX}, {1ULL << 63U, 1ULL << 63U, 5}};
  for (const std::vector<std::uint64_t> &lengths : forgeries) {
    outsize_link at = 0;
    raw_peer peer = world.attack(at);
    peer.send_some(header(lengths) + "and a few bytes");
    const error why = world.fallen(at);
    CHECK(why.code == code::malformed);
    REQUIRE(world.far.at(at).oversize.has_value());
    CHECK(world.far.at(at).oversize->limit_bytes == limit);
    CHECK(world.far.at(at).oversize->actual_bytes == (lengths.size() > 1 ? UINT64_MAX : lengths[0]));
  }
  check_flat(before, limit);
}

TEST_CASE("hostile input: forged part counts (0, 1025, 2^32-1)") {
  scene world;
  for (const std::uint64_t count : {std::uint64_t{0}, std::uint64_t{1025}, std::uint64_t{UINT32_MAX}}) {
    outsize_link at = 0;
    raw_peer peer = world.attack(at);
    peer.send_some("OSF1" + number(count).substr(0, 4));
    CHECK(world.fallen(at).code == code::malformed);
  }
}

TEST_CASE("hostile input: truncated messages (in the magic, the lengths, the body)") {
  scene world;
  for (const std::string &piece : {std::string("OS"), header({5, 7}).substr(0, 13), header({100}) + "only this"}) {
    outsize_link at = 0;
    {
      raw_peer peer = world.attack(at);
      peer.send_some(piece);
    } // closes
    const error why = world.fallen(at);
    CHECK(why.code == code::link_down);
    CHECK(why.text.find("in the middle of a message") != std::string::npos);
    CHECK(world.far.at(at).messages.empty());
  }
}

TEST_CASE("hostile input: reset in the middle of a body") {
  scene world;
  outsize_link at = 0;
  {
    raw_peer peer = world.attack(at);
    peer.send_some(header({limit}) + std::string(1000, 'x'));
    peer.reset_on_close();
  }
  CHECK(world.fallen(at).code == code::link_down);
}

TEST_CASE("hostile input: a slow trickle of single bytes is a message all the same") {
  scene world;
  outsize_link at = 0;
  raw_peer peer = world.attack(at);
  const std::string frame = header({4, 40}) + "head" + std::string(40, 'p');
  for (const char byte : frame) {
    peer.send_some({&byte, 1});
    const message honest = message_of(100); // others do not wait for it
    CHECK(same(world.pass(honest), honest));
  }
  REQUIRE(world.rig.run_until([&] { return !world.far.at(at).messages.empty(); }));
  CHECK(world.far.at(at).messages[0][1].size() == 40);
}

TEST_CASE("hostile input: 1,000 idle connections") {
  const many_descriptors raised;
  scene world;
  const std::uint64_t before = resident_bytes();
  std::vector<raw_peer> idle;
  for (int i = 0; i < 1000; ++i) {
    outsize_link at = 0;
    idle.push_back(world.attack(at));
  }
  const message honest = message_of(limit);
  CHECK(same(world.pass(honest), honest));
  REQUIRE(world.rig.settle());
  CHECK_FALSE(world.far.readable()); // they cost no turn of the loop
  check_flat(before, limit);
}

TEST_CASE("hostile input: 500 connections with half a small message each") {
  const many_descriptors raised;
  scene world({.memory_bytes_max = 4 * limit, .params = {{"stall-timeout", "100ms"}}});
  const std::uint64_t before = resident_bytes();
  std::vector<raw_peer> peers;
  for (int i = 0; i < 500; ++i) {
    outsize_link at = 0;
    peers.push_back(world.attack(at));
    peers.back().send_some(header({60'000}) + std::string(30'000, 'x'));
  }
  const message honest = message_of(60'000);
  CHECK(same(world.pass(honest), honest));
  check_flat(before, limit);
}

TEST_CASE("hostile input: bodies that never end lose the memory that others wait for") {
  scene world({.memory_bytes_max = 2 * limit, .params = {{"stall-timeout", "100ms"}}});
  const std::uint64_t before = resident_bytes();
  std::vector<raw_peer> peers;
  std::vector<outsize_link> links;
  for (int i = 0; i < 20; ++i) {
    outsize_link at = 0;
    peers.push_back(world.attack(at));
    links.push_back(at);
    peers.back().send_some(header({limit}) + std::string(50'000, 'x'));
  }
  const message small = message_of(1000); // passes at once
  CHECK(same(world.pass(small), small));
  CHECK(world.near.at(world.link.near).up());
  const message large = message_of(limit); // waits in line, and is served
  CHECK(same(world.pass(large), large));
  CHECK(world.far.at(links.front()).down->why.code == code::timed_out);
  check_flat(before, limit);
}

TEST_CASE("connections-max: further ones are closed and logged, a free place is filled again") {
  scene world({.params = {{"connections-max", "3"}}}); // one of them is the honest link
  outsize_link first = 0;
  outsize_link second = 0;
  auto one = std::make_unique<raw_peer>(world.attack(first));
  const raw_peer two = world.attack(second);
  raw_peer over(world.address);
  REQUIRE(world.rig.run_until([&] { return over.is_closed(); }));
  CHECK(world.rig.host().logged("connections-max = 3"));
  CHECK(world.far.ups().size() == 3);
  one.reset();
  CHECK(world.fallen(first).code == code::link_down);
  outsize_link again = 0;
  const raw_peer next = world.attack(again);
  CHECK(world.far.at(again).up());
}

TEST_CASE("no descriptor left: accepting pauses without spinning, and goes on") {
  scene world;
  raw_peer caller; // has its descriptor already
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(caller.fd()); // lower than any free number
  REQUIRE(world.rig.settle());
  setrlimit(RLIMIT_NOFILE, &none);
  caller.dial(world.address);
  const bool noticed = world.rig.run_until([&] { return world.rig.host().logged("cannot accept"); });
  const bool silent = !world.far.readable();
  const time_point next = world.far.poll();
  setrlimit(RLIMIT_NOFILE, &before);
  CHECK(noticed);
  CHECK(silent);
  CHECK(next != never);
  CHECK(next > steady_now() - std::chrono::seconds{1});
  REQUIRE(world.rig.run_until([&] { return world.far.ups().size() == 2; }));
}

TEST_CASE("frame on the wire: bytes written by hand are a message, and what is sent is those bytes") {
  scene world;
  outsize_link at = 0;
  raw_peer peer = world.attack(at);
  const std::string frame = header({4, 2}) + "headhi";
  peer.send_some(frame);
  REQUIRE(world.rig.run_until([&] { return world.far.at(at).messages.size() == 1; }));
  const message came = world.far.at(at).messages[0];
  REQUIRE(came.size() == 2);
  CHECK(came[0].text() == "head");
  CHECK(came[1].text() == "hi");
  world.far.post(at, came);
  REQUIRE(world.rig.run_until([&] { return peer.received().size() >= frame.size(); }));
  CHECK(peer.received() == frame);
}

TEST_CASE("send: the first message after a poll leaves at once, what is behind it with the next poll") {
  scene world;
  outsize_link at = 0;
  raw_peer peer = world.attack(at);
  REQUIRE(world.rig.settle());
  const std::string frame = header({100}) + std::string(100, 'a');
  const message small = {buffer::copy_of(std::string(100, 'a'))};
  CHECK(world.far.send(at, small, world.far.next_token()).value() == transport_handle::sent::done);
  pollfd come{peer.fd(), POLLIN, 0};
  REQUIRE(::poll(&come, 1, 10'000) == 1); // without a poll of the transport
  CHECK(peer.received() == frame);
  CHECK(!world.far.readable()); // nothing is left to do

  world.far.post(at, small);
  world.far.post(at, small);
  CHECK(peer.received() == frame);
  CHECK(world.far.readable());
  REQUIRE(world.rig.run_until([&] { return peer.received().size() >= 3 * frame.size(); }));
  CHECK(peer.received() == frame + frame + frame);
}

TEST_CASE("send: what the kernel does not take at once is queued, in order, and completes") {
  scene world;
  outsize_link at = 0;
  raw_peer peer = world.attack(at); // reads nothing yet
  REQUIRE(world.rig.settle());
  const message large = {buffer::copy_of(std::string(limit, 'l'))};
  std::size_t sent = 0;
  std::uint64_t token = 0;
  for (auto answer = transport_handle::sent::done; answer != transport_handle::sent::queued; ++sent) {
    token = world.far.next_token();
    world.far.poll();
    answer = world.far.send(at, large, token).value();
  }
  const std::size_t frame_bytes = header({limit}).size() + limit;
  REQUIRE(world.rig.run_until([&] { return peer.received().size() >= sent * frame_bytes; }));
  REQUIRE(world.rig.run_until([&] { return !world.far.at(at).completions.empty(); }));
  CHECK(world.far.at(at).completions.front().token == token);
}

TEST_CASE("send: a broken connection is an answer of the next poll, not of send") {
  scene world;
  outsize_link at = 0;
  {
    raw_peer peer = world.attack(at);
    REQUIRE(world.rig.settle());
    peer.reset_on_close();
  }
  const message small = {buffer::copy_of(std::string(100, 'a'))};
  const std::size_t before = world.far.events().size();
  const auto answer = world.far.send(at, small, world.far.next_token());
  CHECK(answer.has_value());
  CHECK(world.far.events().size() == before);
  REQUIRE(world.rig.run_until([&] { return world.far.at(at).down.has_value(); }));
  CHECK(world.far.at(at).down->why.code == code::link_down);
}

TEST_CASE("address: IPv6 loopback") {
  transport_factory six = tcp();
  six.listen_address = [](unsigned) { return std::string("tcp://[::1]:0"); };
  couple pair(six);
  CHECK(pair.address.starts_with("tcp://[::1]:"));
  CHECK(size_of(pair.pass(message_of(1000))) == 1000);
}

TEST_CASE("address: a name is looked up beside the loop") {
  addrinfo *found = nullptr;
  if (getaddrinfo("localhost", nullptr, nullptr, &found) != 0) {
    WARN("this machine has no /etc/hosts that names localhost; case left out");
    return;
  }
  freeaddrinfo(found);
  scene world;
  const std::string port = world.address.substr(world.address.rfind(':'));
  const link_pair named = world.rig.marry(world.near, world.far, "tcp://localhost" + port);
  CHECK(size_of(world.rig.pass(world.near, named.near, world.far, named.far, message_of(10))) == 10);
}

TEST_CASE("address: a name that is none ends in link down") {
  transport_rig rig(factory);
  node &caller = rig.make({.params = {{"connect-timeout", "500ms"}}});
  const result<outsize_link> link = caller.dial("tcp://no..name:1");
  REQUIRE(link.has_value());
  REQUIRE(rig.run_until([&] { return caller.at(link.value()).down.has_value(); }));
  CHECK(caller.at(link.value()).down->why.retry() != retry_class::never);
}

TEST_CASE("connect-timeout: a listener whose queue is full") {
  raw_listener full; // takes none of those who call
  std::vector<raw_peer> callers(8);
  for (raw_peer &one : callers) {
    one.dial(full.address());
  }
  transport_rig rig(factory);
  node &caller = rig.make({.params = {{"connect-timeout", "200ms"}}});
  const result<outsize_link> link = caller.dial(full.address());
  REQUIRE(link.has_value());
  REQUIRE(rig.run_until([&] { return caller.at(link.value()).down.has_value(); }));
  CHECK(caller.at(link.value()).down->why.code == code::timed_out);
}
