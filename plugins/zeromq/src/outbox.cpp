#include "outbox.hpp"

#include "frames.hpp"
#include "limits.hpp"

#include <algorithm>
#include <cstring>

namespace outsize::zeromq {

namespace {

std::uint8_t *write_table(std::uint8_t *to, std::span<const buffer> parts) {
  to = write_u32(to, static_cast<std::uint32_t>(parts.size()));
  to = write_u32(to, 0);
  for (const buffer &part : parts) {
    to = write_u64(to, part.size());
  }
  return to;
}

std::uint64_t table_bytes_of(std::size_t parts) {
  return 8 + 8 * static_cast<std::uint64_t>(parts);
}

std::uint8_t *copy_bytes(std::uint8_t *to, const std::uint8_t *from, std::uint64_t count) {
  if (count > 0) { // an empty part may have no address
    std::memcpy(to, from, count);
  }
  return to + count;
}

std::uint64_t on_the_wire(std::uint64_t frame_bytes) {
  return frame_bytes + (frame_bytes <= 255 ? 2 : zmtp_header_bytes);
}

} // namespace

outbox::outbox(outsize_link link, std::uint64_t queue_bytes_max, waker &wake, returns &home)
    : link_(link), queue_bytes_max_(queue_bytes_max), home_(home), account_(account::make(wake)) {}

outbox::~outbox() {
  abandon(make_error(code::closed, "the transport was destroyed"));
}

void outbox::open(std::uint64_t session, std::uint64_t piece_bytes, std::uint64_t window_bytes) {
  session_ = session;
  piece_bytes_max_ = std::min(piece_bytes, piece_share(window_bytes));
  credit_ = window_bytes;
}

void outbox::set_credit(std::uint64_t total_bytes) {
  credit_ = std::max(credit_, total_bytes);
}

// ---- taking messages

result<send_outcome> outbox::offer(std::span<const buffer> parts, std::uint64_t total_bytes, std::uint64_t token) {
  if (result<void> possible = check_part_count(parts.size()); !possible) {
    return std::move(possible).error();
  }
  const std::uint64_t charge = total_bytes + message_overhead_bytes;
  const std::uint64_t queued = queued_bytes();
  if (queued > 0 && queued + charge > queue_bytes_max_) {
    busy_charge_ = charge;
    return send_outcome::busy;
  }
  waiting_bytes_ += charge;
  if (total_bytes <= inline_bytes_max) {
    queue_.emplace_back(copy(parts, total_bytes));
    return send_outcome::done;
  }
  auto *message = new outgoing_message;
  message->link = link_;
  message->token = token;
  message->parts.assign(parts.begin(), parts.end());
  message->total_bytes = total_bytes;
  message->home = &home_;
  unfinished_.insert(message);
  queue_.emplace_back(whole_message{message, {}, false});
  return send_outcome::queued;
}

frame_block outbox::copy(std::span<const buffer> parts, std::uint64_t total_bytes) {
  const std::uint64_t size = frame_prefix_bytes + table_bytes_of(parts.size()) + total_bytes;
  frame_block block(*account_, size, total_bytes + message_overhead_bytes);
  std::uint8_t *to = write_table(write_prefix(block.data(), frame_kind::head, 0, session_), parts);
  for (const buffer &part : parts) {
    to = copy_bytes(to, part.data(), part.size());
  }
  return block;
}

std::uint64_t outbox::queued_bytes() const {
  return waiting_bytes_ + submitted_bytes();
}

bool outbox::take_writable() {
  const std::uint64_t queued = queued_bytes();
  if (busy_charge_ == 0 || (queued > 0 && queued + busy_charge_ > queue_bytes_max_)) {
    return false;
  }
  busy_charge_ = 0;
  return true;
}

// ---- handing over

bool outbox::flush(frame_sink &sink) {
  step last = step::sent;
  while (last == step::sent && !queue_.empty() && submitted_bytes() < submitted_bytes_max) {
    last = flush_front(sink);
  }
  watch_returns();
  return last != step::gone;
}

outbox::step outbox::flush_front(frame_sink &sink) {
  entry &front = queue_.front();
  if (auto *block = std::get_if<frame_block>(&front)) {
    return send_block(sink, *block);
  }
  return send_chunk(sink, std::get<whole_message>(front));
}

outbox::step outbox::send_block(frame_sink &sink, frame_block &block) {
  const std::uint64_t cost = block.size() + frame_cost_bytes;
  if (!affords(cost)) {
    return step::waits;
  }
  const std::uint64_t charge = block.charge();
  const bool sent = hand_over(sink, std::move(block).to_message(), cost, charge);
  queue_.pop_front();
  messages_ += sent ? 1 : 0;
  return sent ? step::sent : step::gone;
}

outbox::step outbox::send_chunk(frame_sink &sink, whole_message &front) {
  const chunk planned = plan(front);
  if (!affords(planned.cost())) {
    return step::waits;
  }
  frame_block block = build(front, planned);
  const std::uint64_t charge = block.charge();
  const std::uint64_t cost = block.size() + frame_cost_bytes;
  bool sent = hand_over(sink, std::move(block).to_message(), cost, charge);
  if (sent && planned.raw_bytes > 0) {
    const buffer &part = front.message->parts[planned.raw_at.part];
    sent = hand_over(sink,
                     borrowed_piece(*account_, *front.message, part.data() + planned.raw_at.offset, planned.raw_bytes),
                     planned.raw_bytes + frame_cost_bytes, planned.raw_bytes);
  }
  front.begun = true;
  front.at = planned.end;
  if (sent && front.at.part == front.message->parts.size()) {
    ++messages_;
    retire(front);
    queue_.pop_front();
  }
  return sent ? step::sent : step::gone;
}

bool outbox::hand_over(frame_sink &sink, zmq::message_t &&frame, std::uint64_t cost, std::uint64_t charge) {
  const std::uint64_t bytes = on_the_wire(frame.size());
  waiting_bytes_ -= charge;
  handed_over_ += charge; // before: libzmq may give it back at once
  spent_ += cost;
  if (!sink.send(frame)) {
    return false; // `frame` goes, and gives its charge back
  }
  wire_bytes_ += bytes;
  return true;
}

void outbox::retire(whole_message &front) {
  std::exchange(front.message, nullptr)->drop();
}

// ---- cutting messages

std::uint64_t outbox::chunk::frame_bytes() const {
  return frame_prefix_bytes + table_bytes + inline_bytes;
}

std::uint64_t outbox::chunk::cost() const {
  return frame_bytes() + frame_cost_bytes + (raw_bytes > 0 ? raw_bytes + frame_cost_bytes : 0);
}

outbox::chunk outbox::plan(const whole_message &front) const {
  const std::vector<buffer> &parts = front.message->parts;
  chunk planned;
  planned.table_bytes = front.begun ? 0 : table_bytes_of(parts.size());
  cursor at = front.at;
  const auto left = [&] { return parts[at.part].size() - at.offset; };
  const auto fits = [&] {
    return left() <= inline_part_bytes_max && planned.inline_bytes + left() <= inline_bytes_max;
  };
  const auto advance = [&] { at = {at.part + 1, 0}; };
  for (; at.part < parts.size() && fits(); advance()) {
    planned.inline_bytes += left();
  }
  planned.raw_at = at;
  if (at.part < parts.size() && left() > inline_part_bytes_max) {
    planned.raw_bytes = std::min(left(), piece_bytes_max_);
    at.offset += planned.raw_bytes;
  }
  for (; at.part < parts.size() && left() == 0; advance()) {
  }
  planned.end = at;
  return planned;
}

frame_block outbox::build(const whole_message &front, const chunk &planned) {
  const std::vector<buffer> &parts = front.message->parts;
  const std::uint64_t charge = planned.inline_bytes + (front.begun ? 0 : message_overhead_bytes);
  frame_block block(*account_, planned.frame_bytes(), charge);
  std::uint8_t *to = write_prefix(block.data(), front.begun ? frame_kind::piece : frame_kind::head,
                                  static_cast<std::uint32_t>(planned.raw_bytes), session_);
  if (!front.begun) {
    to = write_table(to, parts);
  }
  std::uint64_t offset = front.at.offset;
  for (std::size_t i = front.at.part; i < planned.raw_at.part; ++i) {
    to = copy_bytes(to, parts[i].data() + offset, parts[i].size() - offset);
    offset = 0;
  }
  return block;
}

// ---- ending

void outbox::abandon(const error &why) {
  for (outgoing_message *message : unfinished_) {
    message->failed = why;
  }
  for (entry &one : queue_) {
    if (auto *front = std::get_if<whole_message>(&one)) {
      retire(*front);
    } else {
      handed_over_ += std::get<frame_block>(one).charge(); // given back when the block goes, below
    }
  }
  queue_.clear();
  waiting_bytes_ = 0;
  busy_charge_ = 0;
}

void outbox::finished(outgoing_message &message) {
  unfinished_.erase(&message);
}

void outbox::watch_returns() {
  const std::uint64_t submitted = submitted_bytes();
  if (submitted == 0) {
    return;
  }
  std::uint64_t needed = UINT64_MAX; // of what is submitted
  if (!queue_.empty() && submitted >= submitted_bytes_max) {
    needed = submitted - submitted_bytes_max / 2;
  }
  const std::uint64_t after = queued_bytes() + busy_charge_;
  if (busy_charge_ > 0 && after > queue_bytes_max_) {
    needed = std::min(needed, std::min(submitted, after - queue_bytes_max_));
  }
  if (needed != UINT64_MAX) {
    account_->wake_at(handed_over_ - submitted + needed);
  }
}

} // namespace outsize::zeromq
