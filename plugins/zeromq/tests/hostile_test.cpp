// Peers that do not keep to the protocol: whatever they send, the connection is closed with a reason in the log, memory
// stays flat, and others are unharmed.
#include "stage.hpp"

#include <outsize/suite/catch.hpp>

#include <cstring>
#include <random>
#include <sys/resource.h>

namespace outsize::zeromq {

namespace {

constexpr std::uint64_t link_limit = 1U << 20U; // of node_options

/// Flat memory, as the design defines it. A sanitizer's own memory cannot be told from ours.
void check_flat(std::uint64_t growth) {
#ifdef OUTSIZE_SANITIZED
  (void)growth;
#else
  CHECK(growth <= 2 * link_limit + 16 * mib);
#endif
}

constexpr std::uint64_t flood_bytes = 512 * mib;

/// Frames of `size` bytes that all say that more will come.
void send_endless(raw_peer &peer, std::size_t size) {
  bytes batch;
  const bytes header{0x01, 0x00};
  if (size == 0) {
    for (int i = 0; i < 32'768; ++i) {
      batch.insert(batch.end(), header.begin(), header.end());
    }
  }
  const bytes body(size);
  for (std::uint64_t sent = 0; sent < flood_bytes; sent += size == 0 ? batch.size() : size) {
    if (size == 0 ? !peer.send(batch) : !peer.send_frame(body, true)) {
      return;
    }
  }
}

} // namespace

TEST_CASE("endless message: before a link is open (64 KiB frames)") {
  stage at;
  raw_peer peer = at.stranger();
  check_flat(at.flood([&] { send_endless(peer, 64 * kib); }));
  CHECK(at.closed(peer));
  CHECK(at.rig.host().logged("bytes received that make no message"));
  at.check_others_unharmed();
}

TEST_CASE("endless message: before a link is open (empty frames, 64 bytes of memory for 2 of wire)") {
  stage at;
  raw_peer peer = at.stranger();
  check_flat(at.flood([&] { send_endless(peer, 0); }));
  CHECK(at.closed(peer));
  at.check_others_unharmed();
}

TEST_CASE("endless message: on an open link (64 KiB frames)") {
  stage at;
  open_peer guest = at.guest();
  const outsize_link link = at.newest();
  check_flat(at.flood([&] { send_endless(guest.peer, 64 * kib); }));
  CHECK(at.closed(guest.peer));
  REQUIRE(at.rig.run_until([&] { return at.server.at(link).down.has_value(); }));
  CHECK(at.server.at(link).down->why.text.find("make no message") != std::string::npos);
  CHECK(at.server.at(link).messages.empty());
  at.check_others_unharmed();
}

TEST_CASE("endless message: on an open link (empty frames)") {
  stage at;
  open_peer guest = at.guest();
  check_flat(at.flood([&] { send_endless(guest.peer, 0); }));
  CHECK(at.closed(guest.peer));
  at.check_others_unharmed();
}

TEST_CASE("endless message: where a piece was announced (empty frames)") {
  stage at;
  open_peer guest = at.guest();
  guest.head({link_limit}, {}, guest.link.piece_bytes_max);
  check_flat(at.flood([&] { send_endless(guest.peer, 0); }));
  CHECK(at.closed(guest.peer));
  at.check_others_unharmed();
}

TEST_CASE("endless message: one that ends is refused all the same") {
  stage at;
  open_peer guest = at.guest();
  const outsize_link link = at.newest();
  guest.peer.send_frame(bytes(10), true);
  guest.peer.send_frame(bytes(10), true);
  guest.peer.send_frame(bytes(10), false);
  CHECK(at.closed(guest.peer));
  REQUIRE(at.rig.run_until([&] { return at.server.at(link).down.has_value(); }));
  CHECK(at.server.at(link).down->why.code == code::malformed);
  at.check_others_unharmed();
}

TEST_CASE("forged length: a frame header that announces more than any frame has (2^16 to 2^63)") {
  for (const std::uint64_t length :
       {piece_bytes_for(link_limit) + frame_slack_bytes + 1, std::uint64_t{1} << 32U, std::uint64_t{1} << 63U}) {
    stage at;
    raw_peer peer = at.stranger();
    check_flat(at.flood([&] { peer.announce_frame(length); }));
    CHECK(at.closed(peer));
    at.check_others_unharmed();
  }
}

TEST_CASE("forged length: a message that declares one byte more than the limit (up to 2^63 and past 2^64)") {
  for (const std::uint64_t total : {link_limit + 1, std::uint64_t{1} << 40U, std::uint64_t{1} << 63U}) {
    stage at;
    open_peer guest = at.guest();
    const outsize_link link = at.newest();
    check_flat(at.flood([&] { guest.head({16, total - 16}, {}); }));
    const std::optional<close_body> said = at.told(guest.peer);
    REQUIRE(said.has_value());
    CHECK(said->reason == close_reason::oversize);
    REQUIRE(at.server.at(link).oversize.has_value());
    CHECK(at.server.at(link).oversize->actual_bytes == total);
    CHECK(at.server.at(link).oversize->limit_bytes == link_limit);
    CHECK(at.server.at(link).down.has_value());
    at.check_others_unharmed();
  }
  stage at;
  open_peer guest = at.guest();
  guest.head({std::uint64_t{1} << 63U, std::uint64_t{1} << 63U, 5}, {});
  CHECK(at.told(guest.peer)->reason == close_reason::oversize);
  CHECK(at.server.at(at.newest()).oversize->actual_bytes == UINT64_MAX);
}

TEST_CASE("forged length: a message of the limit of which nothing comes takes no memory (32 links)") {
  stage at({.message_bytes_max = 32 * mib, .memory_bytes_max = 64 * mib});
  std::vector<open_peer> guests;
  for (int i = 0; i < 32; ++i) {
    guests.push_back(at.guest());
  }
  check_flat(at.flood([&] {
    for (open_peer &guest : guests) {
      guest.head({32 * mib}, {});
    }
  }));
  at.check_others_unharmed(); // a small message needs no turn in the line for memory
}

TEST_CASE("malformed frames: each is answered with a close frame that says so") {
  const auto refused = [](const std::function<void(open_peer &)> &speak) {
    stage at;
    open_peer guest = at.guest();
    const outsize_link link = at.newest();
    speak(guest);
    const std::optional<close_body> said = at.told(guest.peer);
    REQUIRE(said.has_value());
    REQUIRE(at.rig.run_until([&] { return at.server.at(link).down.has_value(); }));
    CHECK(at.server.at(link).messages.empty());
    CHECK(at.closed(guest.peer));
    at.check_others_unharmed();
    return said->reason;
  };
  const auto framed = [](std::uint64_t session, std::uint8_t kind, std::size_t body) {
    bytes made(frame_prefix_bytes + body);
    write_prefix(made.data(), static_cast<frame_kind>(kind), 0, session);
    return made;
  };
  CHECK(refused([](open_peer &guest) { guest.peer.send_frame(bytes{}); }) == close_reason::malformed);
  CHECK(refused([](open_peer &guest) { guest.peer.send_frame(bytes(15)); }) == close_reason::malformed);
  CHECK(refused([](open_peer &guest) { guest.head({}, {}); }) == close_reason::malformed);
  CHECK(refused([](open_peer &guest) { guest.head({5}, bytes(6)); }) == close_reason::malformed);
  CHECK(refused([](open_peer &guest) { guest.piece(bytes(5)); }) == close_reason::malformed);
  CHECK(refused([](open_peer &guest) { guest.head({5}, bytes(1)) && guest.head({5}, bytes(5)); }) ==
        close_reason::malformed);
  CHECK(refused([](open_peer &guest) { guest.head({5}, bytes(1)) && guest.piece({}); }) == close_reason::malformed);
  CHECK(refused([](open_peer &guest) { guest.head({9}, bytes(1), 9); }) == close_reason::malformed);
  CHECK(refused([](open_peer &guest) { guest.head({99}, {}, 50) && guest.peer.send_frame(bytes(49)); }) ==
        close_reason::malformed);
  CHECK(refused([](open_peer &guest) { guest.head({link_limit}, {}, guest.link.piece_bytes_max + 1); }) ==
        close_reason::malformed);
  CHECK(refused([&](open_peer &guest) { guest.peer.send_frame(framed(guest.link.session, 7, 8)); }) ==
        close_reason::malformed);
  CHECK(refused([&](open_peer &guest) { guest.peer.send_frame(framed(guest.link.session, 1, 16)); }) ==
        close_reason::malformed); // open twice
  CHECK(refused([&](open_peer &guest) { guest.peer.send_frame(framed(guest.link.session, 5, 7)); }) ==
        close_reason::malformed); // credit cut off
  CHECK(refused([&](open_peer &guest) {
          bytes other = framed(guest.link.session, 5, 8);
          other[1] = 2;
          guest.peer.send_frame(other);
        }) == close_reason::version);
  CHECK(refused([&](open_peer &guest) { guest.peer.send_frame(framed(guest.link.session + 1, 5, 8)); }) ==
        close_reason::hello_first);
}

TEST_CASE("part table: one that is cut off or has more parts than there may be") {
  for (const std::uint32_t count : {2U, 4097U, UINT32_MAX}) {
    stage at;
    open_peer guest = at.guest();
    bytes head = make_head(guest.link.session, {0}, {});
    std::memcpy(head.data() + frame_prefix_bytes, &count, sizeof count);
    guest.peer.send_frame(head);
    CHECK(at.told(guest.peer)->reason == close_reason::malformed);
  }
}

TEST_CASE("credit: a peer that sends more than it was given is closed") {
  stage at({.message_bytes_max = 32 * mib, .memory_bytes_max = 33 * mib});
  open_peer holder = at.guest();
  holder.head({32 * mib}, {}); // takes all the memory there is for messages
  open_peer greedy = at.guest();
  const outsize_link link = at.newest();
  greedy.head({32 * mib}, {});
  const bytes piece(16 * kib);
  check_flat(at.flood([&] {
    for (std::uint64_t sent = 0; sent < flood_bytes && greedy.piece(piece); sent += piece.size()) {
    }
  }));
  CHECK(at.closed(greedy.peer));
  REQUIRE(at.rig.run_until([&] { return at.server.at(link).down.has_value(); }));
  CHECK(at.server.at(link).down->why.code == code::malformed);
}

TEST_CASE("random bytes: on the socket, in ZMTP frames, in frames of an open link (seeds 1 to 40)") {
  stage at;
  std::vector<raw_peer> closed_soon;
  for (unsigned seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 dice(seed);
    bytes noise(dice() % 3000 + 1);
    std::generate(noise.begin(), noise.end(), [&] { return static_cast<std::uint8_t>(dice()); });
    raw_peer plain(at.address);
    plain.send(noise);
    closed_soon.push_back(std::move(plain));
    raw_peer framed = at.stranger();
    framed.send_frame(noise);
    closed_soon.push_back(std::move(framed));
    open_peer guest = at.guest();
    noise[0] = static_cast<std::uint8_t>(seed % 8);
    noise.resize(std::max<std::size_t>(noise.size(), 16));
    noise[1] = protocol_version;
    std::memcpy(noise.data() + 8, &guest.link.session, 8);
    for (int i = 0; i < 3; ++i) {
      guest.peer.send_frame(noise);
    }
    closed_soon.push_back(std::move(guest.peer));
  }
  for (raw_peer &peer : closed_soon) {
    // A few of the frames happen to be right; the rest of their message never comes, which is no offence.
    (void)at.rig.run_until(
        [&, until = steady_now() + std::chrono::milliseconds(20)] { return !peer.pump() || steady_now() > until; });
  }
  for (const outsize_link link : at.server.ups()) {
    CHECK(at.server.at(link).messages.size() <= 3);
  }
  at.check_others_unharmed();
}

TEST_CASE("other protocols: HTTP, TLS, ZMTP 1 and 2, a wrong mechanism") {
  const std::string http = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string tls("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
  const std::string zmtp1("\x01\x00\x05\x00hello", 8);
  std::string zmtp2("\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x01\x05\x00\x00\x00\x05hello", 21);
  std::string plain(64, '\0');
  plain.replace(0, 1, "\xff").replace(9, 1, "\x7f").replace(10, 1, "\x03").replace(12, 5, "PLAIN");
  for (const std::string &first : {http, tls, zmtp1, zmtp2, plain}) {
    stage at({}, {{"handshake-timeout", "200ms"}});
    raw_peer peer(at.address);
    peer.send(first);
    CHECK(at.closed(peer));
    CHECK(at.server.ups().empty());
    CAPTURE(first);
    CHECK(at.rig.run_until([&] { return !at.rig.host().log().empty(); }));
    at.check_others_unharmed();
  }
}

TEST_CASE("idle connections: 1,000 are closed in time, and honest callers get through meanwhile") {
  rlimit files{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &files) == 0);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_cur < 4096) {
    WARN("only " << files.rlim_cur << " open files allowed; case left out");
    return;
  }
  stage at;
  std::vector<raw_peer> idle;
  check_flat(at.flood([&] {
    for (int i = 0; i < 1000; ++i) {
      idle.emplace_back(at.address);
    }
  }));
  at.check_others_unharmed();
  for (raw_peer &one : idle) {
    REQUIRE(at.closed(one));
  }
  CHECK(at.server.ups().size() == 1);
  CHECK(at.rig.host().logged("too many connections that have not opened a link"));
  CHECK(at.rig.host().logged("more connections were closed like that"));
  at.check_others_unharmed();
}

TEST_CASE("idle connection: one that shakes hands and opens no link is closed") {
  stage at({}, {{"handshake-timeout", "200ms"}});
  raw_peer peer = at.stranger();
  CHECK(at.closed(peer));
  CHECK(at.rig.host().logged("it opened no link within 200 ms"));
}

TEST_CASE("too many links: the one above connections-max is told so") {
  stage at({}, {{"connections-max", "2"}});
  open_peer first = at.guest();
  open_peer second = at.guest();
  raw_peer third = at.stranger();
  third.send_frame(make_open({1, static_cast<std::uint32_t>(piece_bytes_max), window_bytes_max}));
  CHECK(at.told(third)->reason == close_reason::overloaded);
  CHECK(at.closed(third));
  first.peer.close();
  REQUIRE(at.rig.run_until([&] { return at.server.at(at.server.ups()[0]).down.has_value(); }));
  open_peer fourth = at.guest();
  CHECK(at.server.ups().size() == 3);
}

TEST_CASE("routing id: a peer that chose one of its own is closed") {
  stage at;
  raw_peer peer(at.address);
  peer.shake_hands(std::string("\0abcd", 5).replace(0, 1, "x"));
  peer.send_frame(make_open({1, static_cast<std::uint32_t>(piece_bytes_max), window_bytes_max}));
  CHECK(at.closed(peer));
  CHECK(at.rig.host().logged("routing id of its own"));
  at.check_others_unharmed();
}

TEST_CASE("open frame: one that allows too little, or of another version, is refused") {
  stage at;
  for (const open_body &asked : {open_body{1, 10, window_bytes_max}, open_body{1, piece_bytes_max, 10}}) {
    raw_peer peer = at.stranger();
    peer.send_frame(make_open(asked));
    CHECK(at.told(peer)->reason == close_reason::malformed);
  }
  raw_peer peer = at.stranger();
  bytes newer = make_open({1, piece_bytes_max, window_bytes_max});
  newer[1] = 9;
  peer.send_frame(newer);
  CHECK(at.told(peer)->reason == close_reason::version);
  CHECK(at.server.ups().empty());
}

} // namespace outsize::zeromq
