#include "append_queue.hpp"

#include <outsize/wire/codec.hpp>

#include <algorithm>
#include <utility>

namespace outsize::client {

namespace {

/// Records of one message: bounded so that an answer stays small.
constexpr std::size_t group_records_max = 512;

wire::append_result refused(const std::string &log, const error &why) {
  wire::append_result made;
  made.refused = wire::to_refusal(why);
  made.refused->log = log;
  if (why.limit_bytes != 0) { // what the client refuses by itself is over a limit of the format
    made.refused->at = wire::stage::admission;
    made.refused->limit_source = why.peer.empty() ? "host" : "peer " + why.peer;
  }
  return made;
}

} // namespace

append_queue::append_queue(connection &to, std::uint64_t coalesce_bytes_max)
    : connection_(to), coalesce_bytes_max_(coalesce_bytes_max) {}

append_queue::~append_queue() {
  *alive_ = false;
}

void append_queue::push(const std::string &log, record what, time_point deadline, client::appended then) {
  result<buffer> header = wire::encode_record_header(what.header);
  if (!header) {
    then(refused(log, header.error()));
    return;
  }
  pending made;
  made.item.record_header_bytes = static_cast<std::uint32_t>(header->size());
  made.item.payload_bytes = what.payload.size();
  made.bytes.append(std::move(header).value());
  made.bytes.append(what.payload);
  made.item.content = wire::digest_of(made.bytes);
  made.deadline = deadline;
  made.then = std::move(then);
  queued_bytes_ += made.bytes.size();
  logs_[log].push_back(std::move(made));
}

bool append_queue::has_room(std::uint64_t bytes) const {
  // A record larger than the window goes alone: refusing it is the node's to do, in its own words.
  return sent_bytes_ == 0 || sent_bytes_ + bytes <= connection_.append_window_bytes();
}

void append_queue::run(time_point now) {
  for (auto at = logs_.begin(); at != logs_.end();) {
    const std::string log = at->first;
    std::deque<pending> &waiting = at->second;
    while (!waiting.empty() && connection_.up() && has_room(waiting.front().bytes.size())) {
      send_group(log, waiting, now);
    }
    expire(waiting, log, now);
    at = waiting.empty() ? logs_.erase(at) : std::next(at);
  }
}

void append_queue::expire(std::deque<pending> &waiting, const std::string &log, time_point now) {
  while (!waiting.empty() && waiting.front().deadline <= now) {
    pending late = std::move(waiting.front());
    waiting.pop_front();
    queued_bytes_ -= late.bytes.size();
    std::string why = "not sent in time";
    if (const std::optional<error> failure = connection_.last_failure(); failure.has_value() && !connection_.up()) {
      why += ": " + failure->text;
    }
    late.then(refused(log, make_error(code::timed_out, std::move(why))));
  }
}

void append_queue::send_group(const std::string &log, std::deque<pending> &waiting, time_point now) {
  wire::append message;
  message.log = log;
  rope payload;
  auto group = std::make_shared<sent_group>();
  group->log = log;
  time_point deadline = waiting.front().deadline;
  while (!waiting.empty() && message.records.size() < group_records_max) {
    pending &next = waiting.front();
    const std::uint64_t together = payload.size() + next.bytes.size();
    if (!message.records.empty() && (together > coalesce_bytes_max_ || !has_room(together))) {
      break;
    }
    message.records.push_back(next.item);
    payload.append(next.bytes);
    group->answers.push_back(std::move(next.then));
    deadline = std::max(deadline, next.deadline);
    waiting.pop_front();
  }
  group->bytes = payload.size();
  queued_bytes_ -= group->bytes;
  sent_bytes_ += group->bytes;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - now).count();
  message.time_left_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(left, 1));
  connection_.endpoint().request(connection_.main_link(), wire::make_outgoing(message, std::move(payload)), deadline,
                                 [this, alive = alive_, group](const result<wire::incoming> &reply) {
                                   if (*alive) {
                                     finish(group, reply);
                                   }
                                 });
}

void append_queue::finish(const std::shared_ptr<sent_group> &group, const result<wire::incoming> &reply) {
  sent_bytes_ -= group->bytes;
  std::optional<error> why;
  wire::appended answers;
  if (!reply) {
    why = reply.error();
    if (why->code == code::link_down || why->code == code::timed_out) {
      why = make_error(code::outcome_unknown, "the answer to the append was lost: " + why->text);
    }
  } else {
    result<wire::appended> decoded = wire::decode<wire::appended>(reply->header);
    if (!decoded) {
      why = decoded.error();
    } else if (decoded->results.size() != group->answers.size()) {
      why = make_error(code::malformed, "the node answered " + std::to_string(decoded->results.size()) + " of " +
                                            std::to_string(group->answers.size()) + " records");
    } else {
      answers = std::move(decoded).value();
    }
  }
  for (std::size_t i = 0; i < group->answers.size(); ++i) {
    group->answers[i](why.has_value() ? refused(group->log, *why) : std::move(answers.results[i]));
  }
}

time_point append_queue::next_time() const {
  time_point next = never;
  for (const auto &[log, waiting] : logs_) {
    next = waiting.empty() ? next : std::min(next, waiting.front().deadline);
  }
  return next;
}

} // namespace outsize::client
