#include <outsize/client/client.hpp>

#include <catch2/catch.hpp>

#include <unistd.h>

#include <array>

using namespace outsize;
using namespace outsize::client;

namespace {

constexpr int rounds = 100;
/// A client that finds out by itself looks a few times a second.
constexpr auto most = std::chrono::seconds(5);

struct pipe_ends {
  pipe_ends() { REQUIRE(::pipe(ends.data()) == 0); }
  pipe_ends(const pipe_ends &) = delete;
  pipe_ends &operator=(const pipe_ends &) = delete;
  ~pipe_ends() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  void pass_one_byte() const {
    char byte = 0;
    REQUIRE(::write(ends[1], &byte, 1) == 1);
  }
  void take_one_byte() const {
    char byte = 0;
    REQUIRE(::read(ends[0], &byte, 1) == 1);
  }
  std::array<int, 2> ends{};
};

} // namespace

TEST_CASE("client: a wait asks again at once when the descriptor beside it has something to read") {
  blocking_client waiting({}, {});
  const pipe_ends pipe;
  int asked = 0;
  const auto done = [&] {
    if (asked > 0) {
      pipe.take_one_byte();
    }
    pipe.pass_one_byte();
    return ++asked == rounds;
  };
  CHECK(waiting.run_until(done, steady_now() + most, pipe.ends[0]));
  CHECK(asked == rounds);
}
