#include "host/node/large_append_route.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

namespace outsize::host {

namespace {

/// How long another node may take for an answer when the client does not say, and for every piece: those are answered
/// when there is room for more, and the client gives up by itself when it has waited enough.
constexpr auto answer_time_max = std::chrono::minutes(10);

error not_running(const std::string &log) {
  return make_error(code::log_recovering, fmt::format("log {}: its sequencer is starting", log));
}

/// The sequencer is on this node. It is looked up each time: who holds a stream does not keep a sequencer alive.
class route_here final : public large_append_route {
public:
  route_here(const node_context &node, log_keeper &logs, std::string log)
      : node_(node), logs_(logs), log_(std::move(log)) {}

  [[nodiscard]] const std::string &passed_on_to() const override { return nobody_; }

  void open(wire::open_append what, buffer record_header, wire::link_id client,
            std::function<void(wire::append_opened)> then) override {
    wire::append_opened answer;
    log_sequencer *const sequencer = logs_.find(log_);
    if (sequencer == nullptr) {
      answer.outcome = refused_append(log_, not_running(log_));
      then(std::move(answer));
      return;
    }
    large_answer decided =
        sequencer->open_large({std::move(record_header), what.payload_bytes, what.restarts}, client, node_.now);
    if (const auto *opened = std::get_if<large_opened>(&decided)) {
      answer.stream = opened->stream;
      answer.piece_bytes = opened->piece_bytes;
      answer.window_bytes = opened->window_bytes;
    } else if (auto *known = std::get_if<wire::append_result>(&decided)) {
      answer.outcome = std::move(*known);
    }
    then(std::move(answer));
  }

  void add_piece(const wire::append_piece &what, rope bytes, std::function<void(wire::piece_taken)> then) override {
    log_sequencer *const sequencer = logs_.find(log_);
    if (sequencer == nullptr) {
      then({refused_append(log_, not_running(log_))});
      return;
    }
    sequencer->add_piece(
        what.stream, what.index, what.content, std::move(bytes), node_.now,
        [then = std::move(then)](std::optional<wire::append_result> outcome) { then({std::move(outcome)}); });
  }

  void finish(const wire::finish_append &what, std::function<void(wire::append_finished)> then) override {
    log_sequencer *const sequencer = logs_.find(log_);
    if (sequencer == nullptr) {
      then({refused_append(log_, not_running(log_))});
      return;
    }
    sequencer->finish_large(what.stream, what.content, node_.now,
                            [then = std::move(then)](wire::append_result outcome) { then({std::move(outcome)}); });
  }

  void abandon(std::uint64_t stream) override {
    if (log_sequencer *const sequencer = logs_.find(log_); sequencer != nullptr) {
      sequencer->abandon_large(stream, node_.now);
    }
  }

private:
  const node_context &node_;
  log_keeper &logs_;
  std::string log_;
  std::string nobody_;
};

/// Passes everything on over the link for stores. The stream it was given there ends with that link.
class route_to_node final : public large_append_route {
public:
  route_to_node(const node_context &node, std::string to, const wire::open_append &what)
      : node_(node), to_(std::move(to)), log_(what.log), time_left_ms_(what.time_left_ms) {}

  [[nodiscard]] const std::string &passed_on_to() const override { return to_; }

  void open(wire::open_append what, buffer record_header, wire::link_id /*client*/,
            std::function<void(wire::append_opened)> then) override {
    what.relayed = 1;
    node_.links->open_append(
        to_, what, rope(std::move(record_header)), deadline(),
        [then = std::move(then), to = to_, log = log_](result<wire::append_opened> outcome, const rope &) {
          if (outcome) {
            then(std::move(outcome).value());
            return;
          }
          wire::append_opened answer;
          answer.outcome = refused_append(log, before_the_end(to, log, outcome.error()));
          then(std::move(answer));
        });
  }

  void add_piece(const wire::append_piece &what, rope bytes, std::function<void(wire::piece_taken)> then) override {
    node_.links->append_piece(
        to_, what, std::move(bytes), node_.now + answer_time_max,
        [then = std::move(then), to = to_, log = log_](result<wire::piece_taken> outcome, const rope &) {
          then(outcome ? std::move(outcome).value()
                       : wire::piece_taken{refused_append(log, before_the_end(to, log, outcome.error()))});
        });
  }

  void finish(const wire::finish_append &what, std::function<void(wire::append_finished)> then) override {
    node_.links->finish_append(
        to_, what, deadline(),
        [then = std::move(then), to = to_, log = log_](result<wire::append_finished> outcome, const rope &) {
          then(outcome ? std::move(outcome).value()
                       : wire::append_finished{refused_append(log, at_the_end(to, log, outcome.error()))});
        });
  }

  void abandon(std::uint64_t stream) override { node_.links->abandon_append(to_, {stream}); }

private:
  [[nodiscard]] time_point deadline() const {
    const auto most = static_cast<std::uint64_t>(std::chrono::milliseconds(answer_time_max).count());
    return node_.now + std::chrono::milliseconds(time_left_ms_ == 0 ? most : std::min(time_left_ms_, most));
  }

  /// While the record is not finished nothing of it is visible, whatever became of an answer.
  static error before_the_end(const std::string &to, const std::string &log, const error &why) {
    return why.code == code::link_down ? unreachable_sequencer(to, log) : why;
  }
  static error at_the_end(const std::string &to, const std::string &log, const error &why) {
    if (why.code != code::link_down && why.code != code::timed_out) {
      return why;
    }
    return make_error(
        code::outcome_unknown,
        fmt::format("the answer of node {} to the end of a large append to log {} was lost: {}", to, log, why.text));
  }

  const node_context &node_;
  std::string to_;
  std::string log_;
  std::uint64_t time_left_ms_;
};

} // namespace

wire::append_result refused_append(const std::string &log, const error &why) {
  wire::append_result made;
  made.refused = wire::to_refusal(why);
  made.refused->at = wire::stage::admission;
  made.refused->log = log;
  return made;
}

result<std::shared_ptr<large_append_route>> find_large_append_route(const node_context &node, log_keeper &logs,
                                                                    const append_service &whole,
                                                                    const wire::open_append &what) {
  const result<const log_record *> log = whole.find_log(what.log);
  if (!log) {
    return log.error();
  }
  const std::string &at = log.value()->sequencer;
  if (at == node.options.name) {
    return std::shared_ptr<large_append_route>(std::make_shared<route_here>(node, logs, what.log));
  }
  if (what.relayed != 0) {
    return passed_on_twice(what.log, at, node.options.name);
  }
  if (node.links->store_link_limit(at) == 0) {
    return unreachable_sequencer(at, what.log);
  }
  return std::shared_ptr<large_append_route>(std::make_shared<route_to_node>(node, at, what));
}

} // namespace outsize::host
