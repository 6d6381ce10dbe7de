#include "host/node/append_streams.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace outsize::host {

namespace {

/// Outcomes kept for clients that have not heard of them: each is a refusal's text, and one for each stream there may
/// be is plenty.
constexpr std::size_t ended_max = 256;

std::uint64_t bytes_of_next(std::uint64_t payload_bytes, std::uint64_t received_bytes, std::uint64_t piece_bytes) {
  return std::min(payload_bytes - received_bytes, piece_bytes);
}

/// The record is on its way into the log then, and is not ended by what its client sends too much.
wire::append_result behind_the_end(const std::string &log) {
  return refused_append(
      log, make_error(code::malformed, fmt::format("large append to log {}: it was said to have ended before", log)));
}

} // namespace

append_streams::append_streams(settings how, route_finder find_route)
    : settings_(std::move(how)), find_route_(std::move(find_route)) {}

// ---- opening --------------------------------------------------------------------------------------------------------

result<void> append_streams::may_open(const wire::open_append &what, const buffer &record_header) const {
  if (draining_) {
    return make_error(code::shutting_down, fmt::format("node {} is shutting down", settings_.node));
  }
  if (record_header.size() > wire::record_fields_bytes_max) {
    return size_error(code::header_too_large,
                      fmt::format("large append to log {}: a record header of {} bytes is over the limit of {}",
                                  what.log, record_header.size(), wire::record_fields_bytes_max),
                      record_header.size(), wire::record_fields_bytes_max);
  }
  if (streams_.size() >= settings_.streams_max) {
    return make_error(code::overloaded, fmt::format("{} large appends are under way through node {}, the most it takes",
                                                    streams_.size(), settings_.node));
  }
  return {};
}

void append_streams::on_open(wire::link_id link, wire::open_append what, buffer record_header,
                             std::function<void(wire::append_opened)> then) {
  const auto refuse = [&](const error &why) {
    wire::append_opened answer;
    answer.outcome = refused_append(what.log, why);
    then(std::move(answer));
  };
  if (const result<void> free = may_open(what, record_header); !free) {
    refuse(free.error());
    return;
  }
  const result<std::shared_ptr<large_append_route>> route = find_route_(what);
  if (!route) {
    refuse(route.error());
    return;
  }
  const name which{link, ++last_stream_};
  stream &made = streams_[which];
  made.log = what.log;
  made.payload_bytes = what.payload_bytes;
  made.route = route.value();
  route.value()->open(std::move(what), std::move(record_header), link,
                      [this, which, route = route.value(), then = std::move(then)](wire::append_opened answer) {
                        on_opened(which, route, std::move(answer), then);
                      });
}

void append_streams::on_opened(const name &which, const std::shared_ptr<large_append_route> &route,
                               wire::append_opened answer, const std::function<void(wire::append_opened)> &then) {
  const auto found = streams_.find(which);
  if (found == streams_.end()) { // its client is gone
    if (answer.stream != 0) {
      route->abandon(answer.stream);
    }
    return;
  }
  if (answer.stream == 0) {
    remove(found);
    then(std::move(answer));
    return;
  }
  stream &opened = found->second;
  if (const result<void> promised = promise_window(opened, answer); !promised) {
    wire::append_opened refused;
    refused.outcome = refused_append(opened.log, promised.error());
    route->abandon(answer.stream);
    remove(found);
    then(std::move(refused));
    return;
  }
  opened.number = answer.stream;
  heard_of(opened);
  answer.stream = which.second;
  answer.window_bytes = opened.window_bytes;
  then(std::move(answer));
}

result<void> append_streams::promise_window(stream &to, const wire::append_opened &answer) {
  if (answer.piece_bytes == 0) {
    return make_error(code::malformed, fmt::format("node {} opened a large append to log {} with pieces of no bytes",
                                                   to.route->passed_on_to(), to.log));
  }
  to.piece_bytes = answer.piece_bytes;
  to.window_bytes = std::max(answer.window_bytes, answer.piece_bytes);
  if (!to.is_relayed()) {
    return {}; // the sequencer knows what it can hold
  }
  const std::uint64_t room = settings_.relayed_bytes_max - relayed_bytes_;
  const std::uint64_t least = std::min(to.piece_bytes, to.payload_bytes);
  if (room < least) {
    const bool never_fits = least > settings_.relayed_bytes_max;
    error full = size_error(never_fits ? code::too_large : code::overloaded,
                            fmt::format("large append to log {}: node {} can hold {} bytes to pass on, {} of them are "
                                        "promised to others; pieces of {} bytes do not fit",
                                        to.log, settings_.node, settings_.relayed_bytes_max, relayed_bytes_, least),
                            least, settings_.relayed_bytes_max);
    full.remedy = fmt::format("{}connect to node {}, the sequencer's", never_fits ? "" : "try again later, or ",
                              to.route->passed_on_to());
    return full;
  }
  to.window_bytes = std::min(to.window_bytes, room);
  to.promised_bytes = std::min(to.window_bytes, to.payload_bytes);
  relayed_bytes_ += to.promised_bytes;
  return {};
}

// ---- pieces ---------------------------------------------------------------------------------------------------------

append_streams::table::iterator append_streams::find_open(const name &which) {
  const auto found = streams_.find(which);
  return found == streams_.end() || found->second.number == 0 ? streams_.end() : found;
}

wire::append_result append_streams::why_not_open(const name &which) const {
  const auto known = std::find_if(ended_.rbegin(), ended_.rend(), [&](const auto &one) { return one.first == which; });
  if (known != ended_.rend()) {
    return known->second;
  }
  return refused_append("", make_error(code::not_found, fmt::format("stream {} is not open on this link", which.second),
                                       "open the append again, and send its pieces over the same link"));
}

result<void> append_streams::check(const stream &which, const wire::append_piece &what, std::uint64_t bytes) {
  if (what.index != which.next_index) {
    return make_error(code::malformed, fmt::format("large append to log {}: piece {} came, the next one is {}",
                                                   which.log, what.index, which.next_index));
  }
  const std::uint64_t expected = bytes_of_next(which.payload_bytes, which.received_bytes, which.piece_bytes);
  if (expected == 0) {
    return make_error(code::malformed,
                      fmt::format("large append to log {}: piece {} came, but all {} bytes of the record are here",
                                  which.log, what.index, which.payload_bytes));
  }
  if (bytes != expected) {
    return size_error(code::malformed,
                      fmt::format("large append to log {}: piece {} has {} bytes, it must have {}", which.log,
                                  what.index, bytes, expected),
                      bytes, expected);
  }
  if (!which.pieces.empty() && which.unanswered_bytes + bytes > which.window_bytes) {
    return size_error(code::malformed,
                      fmt::format("large append to log {}: with piece {} {} bytes would be unanswered, {} may be",
                                  which.log, what.index, which.unanswered_bytes + bytes, which.window_bytes),
                      which.unanswered_bytes + bytes, which.window_bytes);
  }
  return {};
}

std::optional<wire::append_result> append_streams::refuses(wire::link_id link, const wire::append_piece &what,
                                                           std::uint64_t bytes) {
  const name which{link, what.stream};
  const auto found = find_open(which);
  if (found == streams_.end()) {
    return why_not_open(which);
  }
  if (found->second.is_finishing) {
    return behind_the_end(found->second.log);
  }
  if (bytes <= found->second.piece_bytes) { // the rest is looked at when it has come, in its turn
    return std::nullopt;
  }
  wire::append_result outcome = refused_append(
      found->second.log, size_error(code::malformed,
                                    fmt::format("large append to log {}: piece {} has {} bytes, {} are the most",
                                                found->second.log, what.index, bytes, found->second.piece_bytes),
                                    bytes, found->second.piece_bytes));
  end(found, outcome, true);
  return outcome;
}

void append_streams::on_piece(wire::link_id link, const wire::append_piece &what, rope bytes,
                              std::function<void(wire::piece_taken)> then) {
  const name which{link, what.stream};
  const auto found = find_open(which);
  if (found == streams_.end()) {
    then({why_not_open(which)});
    return;
  }
  stream &to = found->second;
  if (to.is_finishing) {
    then({behind_the_end(to.log)});
    return;
  }
  if (const result<void> fits = check(to, what, bytes.size()); !fits) {
    wire::append_result outcome = refused_append(to.log, fits.error());
    end(found, outcome, true);
    then({std::move(outcome)});
    return;
  }
  ++to.next_index;
  to.received_bytes += bytes.size();
  to.unanswered_bytes += bytes.size();
  to.pieces[what.index] = {bytes.size(), std::move(then)};
  const std::shared_ptr<large_append_route> route = to.route; // the stream may end inside the call
  route->add_piece(
      {to.number, what.index, what.content}, std::move(bytes),
      [this, which, index = what.index](wire::piece_taken answer) { on_taken(which, index, std::move(answer)); });
}

void append_streams::on_taken(const name &which, std::uint32_t index, wire::piece_taken answer) {
  const auto found = streams_.find(which);
  if (found == streams_.end()) {
    return;
  }
  if (answer.outcome.has_value()) {
    end(found, *std::move(answer.outcome), false);
    return;
  }
  stream &of = found->second;
  auto taken = of.pieces.extract(index);
  if (taken.empty()) {
    return;
  }
  of.unanswered_bytes -= taken.mapped().bytes;
  heard_of(of);
  taken.mapped().then({});
}

// ---- the end --------------------------------------------------------------------------------------------------------

void append_streams::on_finish(wire::link_id link, const wire::finish_append &what,
                               std::function<void(wire::append_finished)> then) {
  const name which{link, what.stream};
  const auto found = find_open(which);
  if (found == streams_.end()) {
    then({why_not_open(which)});
    return;
  }
  stream &of = found->second;
  if (of.is_finishing) {
    then({behind_the_end(of.log)});
    return;
  }
  if (of.received_bytes != of.payload_bytes) {
    wire::append_result outcome =
        refused_append(of.log, size_error(code::malformed,
                                          fmt::format("large append to log {}: it ends after {} of {} bytes", of.log,
                                                      of.received_bytes, of.payload_bytes),
                                          of.received_bytes, of.payload_bytes));
    end(found, outcome, true);
    then({std::move(outcome)});
    return;
  }
  of.is_finishing = true;
  of.finish = std::move(then);
  const std::shared_ptr<large_append_route> route = of.route;
  route->finish({of.number, what.content},
                [this, which](wire::append_finished answer) { on_finished(which, std::move(answer)); });
}

void append_streams::on_finished(const name &which, wire::append_finished answer) {
  if (const auto found = streams_.find(which); found != streams_.end()) {
    end(found, std::move(answer.outcome), false);
  }
}

void append_streams::on_abandon(wire::link_id link, const wire::abandon_append &what) {
  const name which{link, what.stream};
  const auto found = find_open(which);
  if (found == streams_.end() || found->second.is_finishing) {
    return; // it has ended, or will without the client
  }
  end(found,
      refused_append(
          found->second.log,
          make_error(code::cancelled, fmt::format("large append to log {}: its client gave it up", found->second.log))),
      true);
}

append_streams::table::node_type append_streams::remove(table::iterator which) {
  relayed_bytes_ -= which->second.promised_bytes;
  return streams_.extract(which);
}

/// Answers everything that waits for this stream with its outcome. `tell_route` unless the outcome came from there.
void append_streams::end(table::iterator which, wire::append_result outcome, bool tell_route) {
  const table::node_type ended = remove(which);
  const stream &was = ended.mapped();
  if (outcome.refused.has_value()) {
    remember(ended.key(), outcome);
  }
  if (tell_route) {
    was.route->abandon(was.number);
  }
  for (const auto &[index, one] : was.pieces) {
    // With the outcome of the whole record a piece has nothing to say: that it was taken is all it can be told.
    one.then(outcome.refused.has_value() ? wire::piece_taken{outcome} : wire::piece_taken{});
  }
  if (was.is_finishing) {
    was.finish({std::move(outcome)});
  }
}

void append_streams::remember(const name &which, const wire::append_result &outcome) {
  ended_.emplace_back(which, outcome);
  if (ended_.size() > ended_max) {
    ended_.pop_front();
  }
}

void append_streams::on_link_down(wire::link_id link) {
  const auto first = streams_.lower_bound({link, 0});
  const auto last = streams_.upper_bound({link, std::numeric_limits<std::uint64_t>::max()});
  std::vector<name> gone;
  for (auto at = first; at != last; ++at) {
    gone.push_back(at->first);
  }
  for (const name &which : gone) {
    const table::node_type ended = remove(streams_.find(which));
    const stream &was = ended.mapped();
    // One that is being opened is abandoned when it is open. One that was finished goes on, as any append would.
    if (was.number != 0 && !was.is_finishing) {
      was.route->abandon(was.number);
    }
  }
  std::erase_if(ended_, [link](const auto &one) { return one.first.first == link; });
}

void append_streams::on_node_down(const std::string &node) {
  std::vector<name> cut_off;
  for (const auto &[which, one] : streams_) {
    if (one.number != 0 && !one.is_finishing && one.route->passed_on_to() == node) {
      cut_off.push_back(which);
    }
  }
  for (const name &which : cut_off) {
    if (const auto found = streams_.find(which); found != streams_.end()) {
      end(found, refused_append(found->second.log, unreachable_sequencer(node, found->second.log)), false);
    }
  }
}

// ---- time -----------------------------------------------------------------------------------------------------------

void append_streams::heard_of(stream &which) {
  which.heard_at = settings_.now();
  look_at_ = std::min(look_at_, which.heard_at + settings_.idle_max);
}

void append_streams::on_time() {
  const time_point now = settings_.now();
  if (now < look_at_) {
    return;
  }
  look_at_ = never;
  std::vector<name> idle;
  for (const auto &[which, one] : streams_) {
    if (!one.waits_for_client()) {
      continue;
    }
    if (one.heard_at + settings_.idle_max <= now) {
      idle.push_back(which);
    } else {
      look_at_ = std::min(look_at_, one.heard_at + settings_.idle_max);
    }
  }
  for (const name &which : idle) {
    const auto found = streams_.find(which);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(settings_.idle_max).count();
    end(found,
        refused_append(found->second.log, make_error(code::timed_out,
                                                     fmt::format("large append to log {}: nothing came of it for {} s",
                                                                 found->second.log, seconds),
                                                     "append it again from its beginning")),
        true);
  }
}

} // namespace outsize::host
