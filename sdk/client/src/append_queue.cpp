#include "append_queue.hpp"

#include <outsize/wire/codec.hpp>
#include <outsize/wire/limits.hpp>

#include <algorithm>
#include <utility>

namespace outsize::client {

namespace {

/// Records of one message: bounded so that an answer stays small.
constexpr std::size_t group_records_max = 512;

result<rope> read_all(const payload_source &payload) {
  if (payload.bytes == 0) {
    return rope();
  }
  if (payload.bytes > wire::message_limit_bytes_max) {
    return size_error(code::malformed,
                      "the node wants a payload of " + std::to_string(payload.bytes) +
                          " bytes in one message; the most that any takes is " +
                          std::to_string(wire::message_limit_bytes_max),
                      payload.bytes, wire::message_limit_bytes_max);
  }
  result<rope> bytes = payload.read(0, payload.bytes);
  if (bytes && bytes->size() != payload.bytes) {
    return size_error(code::invalid_argument,
                      "the source of the payload gave " + std::to_string(bytes->size()) + " bytes, not " +
                          std::to_string(payload.bytes),
                      bytes->size(), payload.bytes);
  }
  return bytes;
}

} // namespace

append_queue::append_queue(connection &to, const client_options &options)
    : connection_(to), coalesce_bytes_max_(options.coalesce_bytes_max), whole_bytes_max_(options.whole_bytes_max),
      large_appends_max_(std::max<std::uint32_t>(options.large_appends_max, 1)) {}

append_queue::~append_queue() {
  *alive_ = false;
}

// ---- in -------------------------------------------------------------------------------------------------------------

void append_queue::push(const std::string &log, record what, time_point deadline, client::appended then) {
  result<buffer> header = wire::encode_record_header(what.header);
  if (!header) {
    then(refused_here(log, header.error()));
    return;
  }
  std::string &producer = what.header.producer.producer;
  if (what.payload.size() <= whole_bytes_max_) {
    push_whole(log, whole(*header, what.payload, std::move(producer), deadline, std::move(then)));
    return;
  }
  push_large({log, std::move(producer), std::move(header).value(), source_of(std::move(what.payload)), true, deadline,
              std::move(then)});
}

void append_queue::push(const std::string &log, const wire::record_header &fields, payload_source payload,
                        time_point deadline, client::appended then) {
  result<buffer> header = wire::encode_record_header(fields);
  if (!header) {
    then(refused_here(log, header.error()));
    return;
  }
  if (payload.bytes > whole_bytes_max_) {
    push_large({log, fields.producer.producer, std::move(header).value(), std::move(payload), false, deadline,
                std::move(then)});
    return;
  }
  const result<rope> bytes = read_all(payload);
  if (!bytes) {
    then(refused_here(log, bytes.error()));
    return;
  }
  push_whole(log, whole(*header, *bytes, fields.producer.producer, deadline, std::move(then)));
}

append_queue::pending append_queue::whole(const buffer &header, const rope &payload, std::string producer,
                                          time_point deadline, client::appended then) {
  pending made;
  made.item.record_header_bytes = static_cast<std::uint32_t>(header.size());
  made.item.payload_bytes = payload.size();
  made.bytes.append(header);
  made.bytes.append(payload);
  made.item.content = wire::digest_of(made.bytes);
  made.deadline = deadline;
  made.then = std::move(then);
  made.producer = std::move(producer);
  return made;
}

void append_queue::push_whole(const std::string &log, pending what) {
  queued_bytes_ += what.bytes.size();
  logs_[log].push_back(std::move(what));
}

void append_queue::push_large(append_stream::request what) {
  pending made;
  made.deadline = never; // it watches its own
  made.producer = what.producer;
  std::deque<pending> &waiting = logs_[what.log];
  made.large = std::make_shared<append_stream>(connection_, std::move(what), ++last_turn_);
  queued_bytes_ += made.large->held_bytes();
  fresh_.push_back(made.large);
  waiting.push_back(std::move(made));
}

std::uint64_t append_queue::unanswered_bytes() const {
  std::uint64_t bytes = queued_bytes_ + sent_bytes_;
  for (const std::shared_ptr<append_stream> &large : larges_) {
    bytes += large->held_bytes();
  }
  return bytes;
}

// ---- rounds ---------------------------------------------------------------------------------------------------------

bool append_queue::has_room(std::uint64_t bytes) const {
  // A record larger than the window goes alone: refusing it is the node's to do, in its own words.
  return sent_bytes_ == 0 || sent_bytes_ + bytes <= connection_.append_window_bytes();
}

bool append_queue::is_held(const std::string &log, const pending &what) const {
  return !held_.empty() && !what.producer.empty() && held_.contains({log, what.producer});
}

void append_queue::run(time_point now) {
  answered_ = false;
  for (const std::shared_ptr<append_stream> &large : std::exchange(fresh_, {})) {
    large->begin(now);
  }
  run_large(now);
  for (auto at = logs_.begin(); at != logs_.end();) {
    run_log(at->first, at->second, now);
    at = at->second.empty() ? logs_.erase(at) : std::next(at);
  }
  start_large();
}

void append_queue::run_log(const std::string &log, std::deque<pending> &waiting, time_point now) {
  while (!waiting.empty() && !is_held(log, waiting.front())) {
    if (waiting.front().large != nullptr) {
      begin_large(log, waiting);
    } else if (connection_.up() && !large_waits_for_room_ && has_room(waiting.front().bytes.size())) {
      send_group(log, waiting, now);
    } else {
      break;
    }
  }
  expire(waiting, log, now);
}

void append_queue::begin_large(const std::string &log, std::deque<pending> &waiting) {
  pending next = std::move(waiting.front());
  waiting.pop_front();
  queued_bytes_ -= next.large->held_bytes();
  if (!next.producer.empty()) {
    held_.insert({log, next.producer});
  }
  larges_.push_back(std::move(next.large));
  answered_ = true; // it is run with the others, soon
}

/// Those whose turn it is. Asked about and found to fit, one is no longer counted.
void append_queue::start_large() {
  std::uint32_t under_way = 0;
  for (const std::shared_ptr<append_stream> &large : larges_) {
    under_way += large->is_started() && !large->is_whole() ? 1 : 0;
  }
  for (const std::shared_ptr<append_stream> &large : larges_) {
    if (under_way >= large_appends_max_) {
      break;
    }
    if (!large->is_started()) {
      large->start();
      answered_ = true;
      ++under_way;
    }
  }
}

void append_queue::run_large(time_point now) {
  large_waits_for_room_ = false;
  for (auto at = larges_.begin(); at != larges_.end();) {
    const std::shared_ptr<append_stream> large = *at;
    const producer_of_log whose{large->what().log, large->what().producer};
    large->run(now);
    if (large->is_whole() && connection_.up()) {
      large_waits_for_room_ = large_waits_for_room_ || !has_room(large->what().payload.bytes);
      if (!large_waits_for_room_) {
        send_whole(*large, now);
      }
    }
    if (!large->is_over()) {
      ++at;
      continue;
    }
    held_.erase(whose);
    at = larges_.erase(at);
    answered_ = true; // who waited for it may go
  }
}

/// It fits. Nothing of its producer was sent meanwhile, and it goes before what is queued.
void append_queue::send_whole(append_stream &large, time_point now) {
  const result<rope> bytes = read_all(large.what().payload);
  if (!bytes) {
    large.refuse(bytes.error());
    return;
  }
  const time_point deadline = large.patience() == duration::max() ? never : now + large.patience();
  append_stream::request what = large.take();
  std::deque<pending> alone;
  alone.push_back(whole(what.record_header, *bytes, {}, deadline, std::move(what.then)));
  queued_bytes_ += alone.front().bytes.size();
  send_group(what.log, alone, now);
}

void append_queue::expire(std::deque<pending> &waiting, const std::string &log, time_point now) {
  while (!waiting.empty() && waiting.front().large == nullptr && waiting.front().deadline <= now) {
    pending late = std::move(waiting.front());
    waiting.pop_front();
    queued_bytes_ -= late.bytes.size();
    std::string why = "not sent in time";
    if (const std::optional<error> failure = connection_.last_failure(); failure.has_value() && !connection_.up()) {
      why += ": " + failure->text;
    }
    late.then(refused_here(log, make_error(code::timed_out, std::move(why))));
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
    if (next.large != nullptr || is_held(log, next)) {
      break;
    }
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
  answered_ = true;
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
    group->answers[i](why.has_value() ? refused_here(group->log, *why) : std::move(answers.results[i]));
  }
}

time_point append_queue::next_time() const {
  time_point next = never;
  for (const auto &[log, waiting] : logs_) {
    next = waiting.empty() ? next : std::min(next, waiting.front().deadline);
  }
  for (const std::shared_ptr<append_stream> &large : larges_) {
    next = std::min(next, large->next_time());
  }
  return next;
}

bool append_queue::has_news() const {
  return (answered_ && !(logs_.empty() && larges_.empty())) ||
         std::any_of(larges_.begin(), larges_.end(), [](const auto &large) { return large->has_news(); });
}

} // namespace outsize::client
