#include "outbox.hpp"

#include <outsize/wire/codec.hpp>

#include <algorithm>

namespace outsize::wire {
namespace {

/// Bytes that a stream may send in one turn. Small against a part, so that streams of small messages go several rounds
/// before a part of another stream.
constexpr std::uint64_t turn_bytes = 64 * kib;

/// The whole size of a part message at most.
std::uint64_t part_message_bytes_max(const outbox_limits &limits) {
  return std::min({part_bytes_max, limits.link_bytes, limits.window_bytes});
}

/// The parts of one message. More payload buffers than a message may have parts (rule T-08) are joined: they are small,
/// since part_bytes_max bounds their sum wherever the peer takes parts at all.
void gather(const buffer &header, const rope &payload, std::vector<buffer> &into) {
  into.assign(1, header);
  if (payload.parts().size() >= OUTSIZE_MESSAGE_PARTS_MAX) {
    into.push_back(payload.flatten());
    return;
  }
  into.insert(into.end(), payload.parts().begin(), payload.parts().end());
}

} // namespace

void outbox::set_limits(const outbox_limits &limits) {
  limits_ = limits;
}

bool outbox::goes_whole(const outbox_message &message) const {
  const std::uint64_t whole_bytes_max =
      limits_.window_bytes == 0 ? limits_.link_bytes : std::min(limits_.link_bytes, part_bytes_max);
  return message.size() <= whole_bytes_max;
}

result<void> outbox::check(const outbox_message &message) const {
  if (message.header.size() > header_part_bytes_max) {
    return size_error(code::too_large,
                      "header part of " + std::to_string(message.header.size()) + " bytes is over the limit of " +
                          std::to_string(header_part_bytes_max) + " bytes",
                      message.header.size(), header_part_bytes_max);
  }
  const std::uint64_t bytes_max = limits_.window_bytes == 0 ? limits_.link_bytes : message_limit_bytes_max;
  if (message.size() > bytes_max) {
    return size_error(code::too_large,
                      "message of " + std::to_string(message.size()) + " bytes is over what the link carries, " +
                          std::to_string(bytes_max) + " bytes",
                      message.size(), bytes_max);
  }
  if (queued_bytes_ + message.size() > limits_.queue_bytes) {
    return size_error(code::overloaded,
                      std::to_string(queued_bytes_) + " bytes wait to be sent, and " + std::to_string(message.size()) +
                          " more are over the limit of " + std::to_string(limits_.queue_bytes),
                      queued_bytes_ + message.size(), limits_.queue_bytes);
  }
  return {};
}

result<void> outbox::push(outbox_message message, std::uint64_t stream) {
  if (result<void> fits = check(message); !fits) {
    return fits;
  }
  // Most messages find nothing before them and never see the queue.
  if (!busy_ && turns_.empty() && control_.empty() && goes_whole(message)) {
    error why;
    switch (send_whole(message, why)) {
    case attempt::sent:
      return {};
    case attempt::failed:
      return why;
    case attempt::busy:
      break;
    }
  }
  enqueue(std::move(message), stream);
  pump();
  return {};
}

void outbox::enqueue(outbox_message message, std::uint64_t stream) {
  queued_bytes_ += message.size();
  if (message.is_request) {
    unsent_requests_.insert(message.number);
  }
  stream_queue &queue = streams_[stream];
  if (queue.messages.empty()) {
    turns_.push_back(stream);
  }
  queue.messages.push_back(waiting{std::move(message), 0, 0, {}});
}

bool outbox::push_control(buffer header) {
  if (control_.size() >= control_messages_max) {
    return false;
  }
  queued_bytes_ += header.size();
  control_.push_back(std::move(header));
  pump();
  return true;
}

bool outbox::take_back(std::uint64_t number, bool is_request) {
  if (number == 0 || (is_request && !unsent_requests_.contains(number))) {
    return false;
  }
  const auto is_it = [&](const waiting &one) {
    return one.message.number == number && one.message.is_request == is_request;
  };
  for (auto queue = streams_.begin(); queue != streams_.end(); ++queue) {
    std::deque<waiting> &messages = queue->second.messages;
    const auto found = std::find_if(messages.begin(), messages.end(), is_it);
    if (found != messages.end()) {
      remove(queue, found);
      pump();
      return true;
    }
  }
  return false;
}

void outbox::remove(stream_map::iterator queue, std::deque<waiting>::iterator which) {
  end_parts(*which);
  queued_bytes_ -= which->message.size() - which->sent_bytes;
  if (which->message.is_request) {
    unsent_requests_.erase(which->message.number);
  }
  queue->second.messages.erase(which);
  if (queue->second.messages.empty()) {
    turns_.erase(std::find(turns_.begin(), turns_.end(), queue->first));
    streams_.erase(queue);
  }
}

/// The message is done with. A receiver that has seen parts of it and will not see the last is told so. Not bounded by
/// control_messages_max: there are at most as many as messages under way.
void outbox::end_parts(const waiting &ended) {
  if (ended.part_message == 0) {
    return;
  }
  --parts_under_way_;
  if (ended.sent_bytes == ended.message.size()) {
    return;
  }
  buffer header = seal_envelope(encode(part{ended.part_message, 0, 0, 0}), kind::part, 0);
  queued_bytes_ += header.size();
  control_.push_back(std::move(header));
}

void outbox::pump() {
  while (pump_control() && pump_streams()) {
  }
}

/// False when the transport takes no more.
bool outbox::pump_control() {
  while (!busy_ && !control_.empty()) {
    scratch_.assign(1, control_.front());
    error why;
    const attempt outcome = hand_over(0, why);
    if (outcome == attempt::busy) {
      return false;
    }
    // A control message that fails is lost with the link: transports refuse so small a message for no other reason.
    queued_bytes_ -= control_.front().size();
    control_.pop_front();
  }
  return !busy_;
}

/// Gives each stream at most one turn. True when something was sent and more may go.
bool outbox::pump_streams() {
  bool progress = false;
  for (std::size_t left = turns_.size(); left > 0 && !turns_.empty(); --left) {
    const std::uint64_t stream = turns_.front();
    turns_.pop_front();
    turns_.push_back(stream);
    const auto queue = streams_.find(stream);
    if (!may_send(queue->second.messages.front())) {
      continue;
    }
    queue->second.deficit_bytes += turn_bytes;
    progress = true; // a turn saved up is progress, too
    if (!send_from(queue)) {
      return false;
    }
  }
  return progress;
}

/// Sends from the stream while its deficit lasts. False when the transport takes no more.
bool outbox::send_from(stream_map::iterator queue) {
  for (;;) {
    waiting &next = queue->second.messages.front();
    const std::uint64_t bytes = next_bytes(next);
    if (bytes > queue->second.deficit_bytes || !may_send(next)) {
      return true;
    }
    const attempt outcome = send_next(next);
    if (outcome == attempt::busy) {
      return false;
    }
    queue->second.deficit_bytes -= bytes;
    if (outcome == attempt::sent && next.sent_bytes < next.message.size()) {
      continue;
    }
    const bool was_last = queue->second.messages.size() == 1;
    remove(queue, queue->second.messages.begin());
    if (was_last) {
      return true;
    }
  }
}

std::uint64_t outbox::next_bytes(const waiting &next) const {
  if (goes_whole(next.message)) {
    return next.message.size();
  }
  return std::min(next.message.size() - next.sent_bytes + part_overhead_bytes, part_message_bytes_max(limits_));
}

bool outbox::may_send(const waiting &next) const {
  if (goes_whole(next.message)) {
    return true;
  }
  const std::uint64_t bytes = next_bytes(next);
  const bool credited = uncredited_bytes_ + bytes <= limits_.window_bytes;
  const bool room = parts_in_transport_bytes_ == 0 || parts_in_transport_bytes_ + bytes <= 2 * part_bytes_max;
  return credited && room && (next.part_message != 0 || parts_under_way_ < large_messages_max);
}

outbox::attempt outbox::hand_over(std::uint64_t token, error &why) {
  result<transport_handle::sent> outcome = sink_.hand_over(scratch_, token);
  if (!outcome) {
    why = std::move(outcome).error();
    return attempt::failed;
  }
  if (*outcome == transport_handle::sent::busy) {
    busy_ = true;
    return attempt::busy;
  }
  if (*outcome == transport_handle::sent::queued) {
    parts_in_transport_bytes_ += token;
  }
  return attempt::sent;
}

outbox::attempt outbox::send_whole(const outbox_message &message, error &why) {
  gather(message.header, message.payload, scratch_);
  const attempt outcome = hand_over(0, why);
  handed_over_bytes_ += outcome == attempt::sent ? message.size() : 0;
  return outcome;
}

outbox::attempt outbox::send_part(waiting &next, error &why) {
  if (next.whole.empty()) {
    next.whole.append(next.message.header);
    next.whole.append(next.message.payload);
  }
  const bool first = next.part_message == 0;
  const std::uint64_t name = first ? last_part_message_ + 1 : next.part_message;
  const std::uint64_t piece = next_bytes(next) - part_overhead_bytes;
  const part head{name, next.message.header.size(), next.message.size(), next.sent_bytes};
  const rope bytes = next.whole.slice(next.sent_bytes, piece);
  gather(seal_envelope(encode(head), kind::part, 0), bytes, scratch_);
  const attempt outcome = hand_over(piece + part_overhead_bytes, why);
  if (outcome != attempt::sent) {
    return outcome;
  }
  if (first) {
    next.part_message = last_part_message_ = name;
    ++parts_under_way_;
  }
  next.sent_bytes += piece;
  handed_over_bytes_ += piece;
  queued_bytes_ -= piece;
  uncredited_bytes_ += piece + part_overhead_bytes;
  return outcome;
}

outbox::attempt outbox::send_next(waiting &next) {
  error why;
  attempt outcome = attempt::failed;
  if (goes_whole(next.message)) {
    outcome = send_whole(next.message, why);
    if (outcome == attempt::sent) {
      queued_bytes_ -= next.message.size();
      next.sent_bytes = next.message.size();
    }
  } else {
    outcome = send_part(next, why);
  }
  if (outcome == attempt::failed) {
    failed_.push_back({next.message.number, next.message.is_request, std::move(why)});
  }
  return outcome;
}

bool outbox::give_credit(std::uint64_t bytes) {
  if (bytes > uncredited_bytes_) {
    return false;
  }
  uncredited_bytes_ -= bytes;
  pump();
  return true;
}

void outbox::on_completion(std::uint64_t token) {
  if (token > 0) {
    parts_in_transport_bytes_ -= std::min(token, parts_in_transport_bytes_);
    pump();
  }
}

void outbox::clear() {
  control_.clear();
  streams_.clear();
  turns_.clear();
  unsent_requests_.clear();
  queued_bytes_ = 0;
}

} // namespace outsize::wire
