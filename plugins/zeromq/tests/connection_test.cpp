// A connection watched from beside: what it has received and what was handed over.
#include "connection.hpp"
#include "limits.hpp"

#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <vector>

namespace outsize::zeromq {

namespace {

struct no_reader final : reader {
  void look_again() override {}
  [[nodiscard]] std::uint64_t withheld_bytes_max(const connection & /*of*/) const override { return 0; }
  void abused(connection & /*of*/, std::uint64_t /*withheld_bytes*/) override {}
};

/// Both ends of a TCP connection over loopback.
struct tcp_pair {
  tcp_pair() {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    auto *address = reinterpret_cast<sockaddr *>(&at);
    REQUIRE(::bind(listener, address, size) == 0);
    REQUIRE(::listen(listener, 1) == 0);
    REQUIRE(::getsockname(listener, address, &size) == 0);
    far = ::socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(::connect(far, address, size) == 0);
    near = ::accept(listener, nullptr, nullptr);
    ::close(listener);
  }
  ~tcp_pair() {
    ::close(far);
    ::close(near);
  }
  /// `bytes` arrive and are read, as libzmq would.
  void bring(std::size_t bytes) const {
    const std::vector<char> some(bytes);
    REQUIRE(::send(far, some.data(), bytes, 0) == static_cast<ssize_t>(bytes));
    std::vector<char> read(bytes);
    REQUIRE(::recv(near, read.data(), bytes, MSG_WAITALL) == static_cast<ssize_t>(bytes));
  }
  int far = -1;
  int near = -1;
};

struct watched_pair {
  tcp_pair tcp;
  no_reader owner;
  std::unique_ptr<waker> wake = std::move(waker::make()).value();
  std::unique_ptr<connection> at = connection::join(tcp.near, 0, owner, *wake, 1);
};

} // namespace

TEST_CASE("connection: what was read and not handed over is withheld") {
  watched_pair pair;
  pair.tcp.bring(100'000);
  CHECK(pair.at->sample());
  CHECK(pair.at->withheld_bytes() == 100'000 - handshake_bytes_max);
  pair.at->delivered(100'000);
  CHECK(pair.at->withheld_bytes() == 0);
  CHECK_FALSE(pair.at->sample());
}

TEST_CASE("connection: one that was cut is not accused of the bytes that its counters forget") {
  watched_pair pair;
  pair.tcp.bring(100'000);
  pair.at->delivered(100'000);
  CHECK(pair.at->sample());
  pair.at->cut();
  CHECK_FALSE(pair.at->sample());
  CHECK(pair.at->withheld_bytes() == 0);
}

} // namespace outsize::zeromq
