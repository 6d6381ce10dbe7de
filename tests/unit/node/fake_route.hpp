// The sequencer of a log, at the end of a route that a test holds: it judges pieces as a real one does, and takes them,
// commits and refuses when the test says so.
#pragma once

#include "host/node/large_append_route.hpp"
#include "host/sequencer/piece_check.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace outsize::test {

struct fake_sequencer {
  std::uint64_t piece_bytes = 1000;
  std::uint64_t window_bytes = 3000;
  std::optional<wire::append_result> outcome_at_open;
  bool holds_opens = false; ///< answers them when the test says so

  struct stream {
    host::piece_check check;
    std::deque<std::function<void(wire::piece_taken)>> pieces;
    std::function<void(wire::append_finished)> finish;
  };
  std::map<std::uint64_t, stream> open;
  std::deque<std::function<void()>> held_opens;
  std::vector<std::uint64_t> abandoned;
  std::vector<wire::open_append> opens;

  /// The oldest piece that was not taken; false when there is none.
  bool take_piece(std::uint64_t number) {
    stream &of = open.at(number);
    if (of.pieces.empty()) {
      return false;
    }
    const auto then = std::move(of.pieces.front());
    of.pieces.pop_front();
    then({});
    return true;
  }
  void finish(std::uint64_t number, wire::append_result outcome) {
    stream ended = std::move(open.extract(number).mapped());
    for (const auto &then : ended.pieces) {
      then({outcome});
    }
    if (ended.finish) {
      ended.finish({std::move(outcome)});
    }
  }
  void refuse(std::uint64_t number, code why) {
    finish(number, host::refused_append("orders", make_error(why, "as the test wants it")));
  }
};

class fake_route final : public host::large_append_route {
public:
  fake_route(fake_sequencer &to, std::string node) : to_(to), node_(std::move(node)) {}

  [[nodiscard]] const std::string &passed_on_to() const override { return node_; }

  void open(wire::open_append what, buffer record_header, wire::link_id /*client*/,
            std::function<void(wire::append_opened)> then) override {
    to_.opens.push_back(what);
    auto decide = [this, what, record_header = std::move(record_header), then = std::move(then)] {
      wire::append_opened answer;
      answer.outcome = to_.outcome_at_open;
      if (!answer.outcome.has_value()) {
        answer.stream = to_.opens.size() + 100; // not what the client sees
        answer.piece_bytes = to_.piece_bytes;
        answer.window_bytes = to_.window_bytes;
        to_.open.emplace(answer.stream,
                         fake_sequencer::stream{host::piece_check(record_header, what.payload_bytes,
                                                                  std::max<std::uint64_t>(to_.piece_bytes, 1)),
                                                {},
                                                {}});
      }
      then(std::move(answer));
    };
    if (to_.holds_opens) {
      to_.held_opens.emplace_back(std::move(decide));
    } else {
      decide();
    }
  }

  void add_piece(const wire::append_piece &what, rope bytes, std::function<void(wire::piece_taken)> then) override {
    fake_sequencer::stream &of = to_.open.at(what.stream);
    of.pieces.push_back(std::move(then));
    if (const result<void> fits = of.check.take(what.index, what.content, bytes); !fits) {
      to_.finish(what.stream, host::refused_append("orders", fits.error()));
    }
  }

  void finish(const wire::finish_append &what, std::function<void(wire::append_finished)> then) override {
    fake_sequencer::stream &of = to_.open.at(what.stream);
    of.finish = std::move(then);
    if (const result<void> whole = of.check.finish(what.content); !whole) {
      to_.finish(what.stream, host::refused_append("orders", whole.error()));
    }
  }

  void abandon(std::uint64_t stream) override {
    to_.abandoned.push_back(stream);
    to_.open.erase(stream);
  }

private:
  fake_sequencer &to_;
  std::string node_;
};

} // namespace outsize::test
