// Cutting messages into frames, waiting for credit, and reporting each message exactly once.
#include "frames.hpp"
#include "limits.hpp"
#include "outbox.hpp"

#include <catch2/catch.hpp>

#include <numeric>

#include <sys/epoll.h>

namespace outsize::zeromq {

namespace {

using bytes = std::vector<std::uint8_t>;

/// Keeps what it is given, as libzmq would until the wire takes it.
class shelf final : public frame_sink {
public:
  bool send(zmq::message_t &frame) override {
    if (gone) {
      return false;
    }
    frames.push_back(std::move(frame));
    return true;
  }
  [[nodiscard]] bytes at(std::size_t i) const {
    const auto *begin = static_cast<const std::uint8_t *>(frames[i].data());
    return {begin, begin + frames[i].size()};
  }
  std::vector<zmq::message_t> frames;
  bool gone = false;
};

struct sender {
  explicit sender(std::uint64_t queue_bytes_max = 16 * mib, std::uint64_t window = window_bytes_max)
      : wake(std::move(waker::make().value())), home(*wake), box(7, queue_bytes_max, *wake, home) {
    box.open(0xabc, piece_bytes_max, window);
  }
  send_outcome offer(const std::vector<buffer> &parts, std::uint64_t token = 1) {
    std::uint64_t total = 0;
    for (const buffer &part : parts) {
      total += part.size();
    }
    return box.offer(parts, total, token).value();
  }
  std::vector<std::uint64_t> finished() {
    std::vector<std::uint64_t> tokens;
    for (const auto &message : home.take()) {
      box.finished(*message);
      tokens.push_back(message->token);
      failed.push_back(message->failed.has_value());
    }
    return tokens;
  }
  std::unique_ptr<waker> wake;
  returns home;
  outbox box;
  shelf wire;
  std::vector<bool> failed;
};

buffer of_size(std::uint64_t size, std::uint8_t from = 0) {
  bytes made(size);
  std::iota(made.begin(), made.end(), from);
  return buffer::copy_of(made);
}

} // namespace

TEST_CASE("outbox: a small message is one frame and done at once (16 KiB), a larger one is queued (one byte more)") {
  sender side;
  CHECK(side.offer({of_size(inline_bytes_max)}) == send_outcome::done);
  CHECK(side.offer({of_size(inline_bytes_max + 1)}) == send_outcome::queued);
  REQUIRE(side.box.flush(side.wire));
  CHECK(side.wire.frames.size() == 3); // a frame; a head and its piece
  CHECK(side.box.messages() == 2);
}

TEST_CASE("outbox: header part in the head, payload in pieces that are read in place") {
  sender side;
  const buffer payload = of_size(2 * mib + 100);
  side.box.set_credit(UINT64_MAX);
  CHECK(side.offer({of_size(100, 9), payload}, 5) == send_outcome::queued);
  REQUIRE(side.box.flush(side.wire));
  REQUIRE(side.wire.frames.size() == 5);
  const bytes head = side.wire.at(0);
  const frame_view seen = *parse_frame(head);
  CHECK(seen.kind == frame_kind::head);
  CHECK(seen.session == 0xabc);
  CHECK(seen.argument == piece_bytes_max);
  CHECK(parse_head(seen)->leading.size() == 100);
  CHECK(side.wire.frames[1].data() == payload.data());
  CHECK(side.wire.frames[1].size() == piece_bytes_max);
  CHECK(side.wire.frames[3].data() == payload.data() + piece_bytes_max);
  const bytes last = side.wire.at(4); // what is left is too little for a piece of its own
  CHECK(parse_frame(last)->kind == frame_kind::piece);
  CHECK(parse_frame(last)->body.size() == 100);
}

TEST_CASE("outbox: a message comes back once, when all of its pieces have, and only then") {
  sender side;
  side.box.set_credit(UINT64_MAX);
  side.offer({of_size(2 * mib)}, 5);
  REQUIRE(side.box.flush(side.wire));
  CHECK(side.box.outstanding() == 1);
  CHECK(side.finished().empty());
  side.wire.frames.erase(side.wire.frames.begin(), side.wire.frames.begin() + 2);
  CHECK(side.finished().empty());
  side.wire.frames.clear();
  CHECK(side.finished() == std::vector<std::uint64_t>{5});
  CHECK(side.box.outstanding() == 0);
  CHECK(side.box.queued_bytes() == 0);
  CHECK(side.failed == std::vector<bool>{false});
}

TEST_CASE("outbox: nothing leaves without credit, and what credit allows leaves") {
  sender side(16 * mib, window_bytes_min);
  side.offer({of_size(1 * mib)});
  REQUIRE(side.box.flush(side.wire));
  std::uint64_t cost = 0;
  for (const zmq::message_t &frame : side.wire.frames) {
    cost += frame.size() + frame_cost_bytes;
  }
  CHECK(cost <= window_bytes_min);
  const std::size_t before = side.wire.frames.size();
  CHECK(before > 0);
  REQUIRE(side.box.flush(side.wire));
  CHECK(side.wire.frames.size() == before);
  side.box.set_credit(window_bytes_min - 1); // never taken back
  side.box.set_credit(UINT64_MAX);
  REQUIRE(side.box.flush(side.wire));
  CHECK(side.box.messages() == 1);
}

TEST_CASE("outbox: a peer that takes an eighth of its window at a time never stops the sender") {
  sender side(16 * mib, window_bytes_min);
  side.offer({of_size(50), of_size(3 * mib), of_size(4096), of_size(4097), of_size(500'000)});
  std::uint64_t arrived = 0;
  std::uint64_t announced = window_bytes_min;
  for (int rounds = 0; side.box.messages() == 0; ++rounds) {
    REQUIRE(rounds < 1000);
    REQUIRE(side.box.flush(side.wire));
    for (const zmq::message_t &frame : side.wire.frames) {
      arrived += frame.size() + frame_cost_bytes;
    }
    side.wire.frames.clear();
    REQUIRE(arrived <= announced);
    if (arrived + window_bytes_min - announced >= credit_step(window_bytes_min)) {
      announced = arrived + window_bytes_min;
      side.box.set_credit(announced);
    }
  }
}

TEST_CASE("outbox: busy past the queue, but for a single message, writable when there is room (at, one byte above)") {
  constexpr std::uint64_t queue = 64 * kib;
  sender side(queue);
  CHECK(side.offer({of_size(1 * mib)}) == send_outcome::queued); // the only one
  CHECK(side.offer({of_size(0)}) == send_outcome::busy);
  CHECK_FALSE(side.box.take_writable());
  REQUIRE(side.box.flush(side.wire));
  CHECK_FALSE(side.box.take_writable()); // libzmq has it still
  side.wire.frames.clear();
  CHECK(side.box.take_writable());
  CHECK_FALSE(side.box.take_writable()); // once
  CHECK(side.offer({of_size(queue / 2 - message_overhead_bytes)}) == send_outcome::queued);
  CHECK(side.offer({of_size(queue / 2 - message_overhead_bytes + 1)}) == send_outcome::busy);
  CHECK(side.offer({of_size(queue / 2 - message_overhead_bytes)}) == send_outcome::queued);
  CHECK(side.box.queued_bytes() == queue);
}

TEST_CASE("outbox: the host is woken when what it waits for comes back, not for every frame") {
  sender side(64 * kib);
  std::vector<std::uint64_t> tags;
  for (int i = 0; i < 4; ++i) {
    CHECK(side.offer({of_size(inline_bytes_max - message_overhead_bytes)}) == send_outcome::done);
  }
  REQUIRE(side.box.flush(side.wire));
  side.wire.frames.pop_back();
  side.wake->collect(tags);
  const auto woken = [&] {
    std::vector<std::uint64_t> seen;
    epoll_event event{};
    const bool readable = epoll_wait(side.wake->fd(), &event, 1, 0) == 1;
    side.wake->collect(seen);
    return readable;
  };
  CHECK_FALSE(woken()); // nobody asked
  CHECK(side.offer({of_size(2 * inline_bytes_max - message_overhead_bytes)}) == send_outcome::busy);
  REQUIRE(side.box.flush(side.wire));
  CHECK_FALSE(woken());
  side.wire.frames.pop_back();
  CHECK(woken());
  CHECK(side.box.take_writable());
}

TEST_CASE("outbox: abandoned messages come back failed, each once, when libzmq lets go") {
  sender side(16 * mib, window_bytes_min);
  side.offer({of_size(1 * mib)}, 1); // partly handed over
  side.offer({of_size(1 * mib)}, 2); // not at all
  side.offer({of_size(10)}, 3);      // done long ago for the host
  REQUIRE(side.box.flush(side.wire));
  side.box.abandon(make_error(code::link_down, "gone"));
  CHECK(side.finished() == std::vector<std::uint64_t>{2});
  CHECK(side.box.outstanding() == 1);
  side.wire.frames.clear();
  CHECK(side.finished() == std::vector<std::uint64_t>{1});
  CHECK(side.failed == std::vector<bool>{true, true});
  CHECK(side.box.queued_bytes() == 0);
}

TEST_CASE("outbox: a connection that is gone stops the flush and loses nothing") {
  sender side;
  side.offer({of_size(1 * mib)}, 1);
  side.wire.gone = true;
  CHECK_FALSE(side.box.flush(side.wire));
  side.box.abandon(make_error(code::link_down, "gone"));
  CHECK(side.finished() == std::vector<std::uint64_t>{1});
  CHECK(side.box.queued_bytes() == 0);
}

TEST_CASE("outbox: parts (0 and 1,025 refused, 1 and 1,024 taken)") {
  sender side;
  CHECK(side.box.offer({}, 0, 1).error().code == code::invalid_argument);
  const std::vector<buffer> many(parts_max + 1, of_size(1));
  CHECK(side.box.offer(many, many.size(), 1).error().code == code::invalid_argument);
  CHECK(side.box.offer(std::span(many).first(parts_max), parts_max, 1).value() == send_outcome::done);
  CHECK(side.offer({of_size(1)}) == send_outcome::done);
  REQUIRE(side.box.flush(side.wire));
  CHECK(parse_head(*parse_frame(side.wire.at(0)))->sizes.size() == parts_max);
}

} // namespace outsize::zeromq
