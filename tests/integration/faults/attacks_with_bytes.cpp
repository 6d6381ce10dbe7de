#include "attacks.hpp"

#include "integration/support/await.hpp"
#include "raw_socket.hpp"

#include <random>

namespace outsize::faults {
namespace {

constexpr std::uint64_t mib = 1024 * 1024;
constexpr std::uint64_t absurd = UINT64_C(1) << 63;

time_point soon() {
  return steady_now() + test::patience;
}

/// Every run the same, so that a failure can be repeated.
std::string random_bytes(std::uint64_t count, std::uint64_t seed) {
  std::mt19937_64 source(seed);
  std::string made;
  while (made.size() < count) {
    made += little_endian(source(), 8);
  }
  made.resize(count);
  return made;
}

/// Sends these bytes, and waits for the end of the connection.
attack closed_after(const std::string &name, const std::string &bytes, const std::string &logged) {
  return {name, logged, [bytes](const std::string &address) {
            raw_socket socket(address);
            (void)socket.send(bytes, soon()); // closed in the middle is as good
            CHECK(socket.await_closed(soon()));
          }};
}

/// Sends these bytes again and again; the connection must end.
attack closed_while_sending(const std::string &name, bool is_zeromq, const std::string &again,
                            const std::string &logged) {
  return {name, logged, [=](const std::string &address) {
            const time_point deadline = soon();
            raw_socket socket(address);
            bool taken = !is_zeromq || socket.greet_zeromq(deadline);
            while (taken && steady_now() < deadline) {
              taken = socket.send(again, deadline);
            }
            CHECK(steady_now() < deadline);
          }};
}

std::string tcp_frame(const std::vector<std::uint64_t> &lengths) {
  std::string made = "OSF1" + little_endian(lengths.size(), 4);
  for (const std::uint64_t length : lengths) {
    made += little_endian(length, 8);
  }
  return made;
}

std::vector<attack> with_tcp_bytes() {
  std::string tiny;
  for (int i = 0; i < 4096; ++i) {
    tiny += tcp_frame({1}) + "\xc0";
  }
  return {
      closed_after("random bytes", random_bytes(mib, 1), "a frame begins with"),
      closed_after("another protocol", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "a frame begins with"),
      closed_after("a length of 2^63", tcp_frame({absurd}), "a message of 9223372036854775808 bytes came over"),
      closed_after("lengths whose sum does not fit 64 bits", tcp_frame({absurd, absurd, 7}),
                   "a message of 18446744073709551615 bytes came over"),
      closed_after("no parts", "OSF1" + little_endian(0, 4), "declares 0 parts"),
      closed_after("2^32 - 1 parts", "OSF1" + little_endian(UINT32_MAX, 4), "declares 4294967295 parts"),
      closed_after("a message cut short", tcp_frame({100}) + "short", "no hello came in time"),
      closed_while_sending("frames without end", false, tiny, "wanted an array"),
  };
}

std::string zeromq_frame(std::uint64_t length, bool more) {
  return std::string(1, static_cast<char>(more ? 3 : 2)) + big_endian(length, 8);
}

std::vector<attack> with_zeromq_bytes() {
  // Which of several reasons it is depends on how far libzmq's own thread has got with the connection.
  const std::string logged = "plugin=zeromq connection from ";
  const auto greeted = [&](const std::string &name, const std::string &bytes) {
    return attack{name, logged, [bytes](const std::string &address) {
                    raw_socket socket(address);
                    REQUIRE(socket.greet_zeromq(soon()));
                    (void)socket.send(bytes, soon());
                    CHECK(socket.await_closed(soon()));
                  }};
  };
  std::string endless;
  for (int i = 0; i < 4096; ++i) {
    endless += zeromq_frame(1, true) + "x";
  }
  return {
      closed_after("random bytes", random_bytes(mib, 1), logged),
      closed_after("another protocol", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", logged),
      greeted("a length of 2^63", zeromq_frame(absurd, false)),
      greeted("a length of 2^63 with more to come", zeromq_frame(absurd, true)),
      greeted("a frame of random bytes", zeromq_frame(1000, false) + random_bytes(1000, 2)),
      greeted("a message cut short", zeromq_frame(100, false) + "short"),
      closed_while_sending("MORE frames without end", true, endless, logged),
      closed_while_sending("one frame without end", true, zeromq_frame(absurd - 1, false) + random_bytes(mib, 3),
                           logged),
  };
}

} // namespace

std::vector<attack> attacks_with_bytes(const std::string &address) {
  return address.rfind("zeromq", 0) == 0 ? with_zeromq_bytes() : with_tcp_bytes();
}

} // namespace outsize::faults
