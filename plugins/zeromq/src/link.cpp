#include "link.hpp"

#include "arrival.hpp"
#include "limits.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace outsize::zeromq {

namespace {

ending broken(const error &why) {
  return {why, why.code == code::protocol_mismatch ? close_reason::version : close_reason::malformed};
}

ending broken(const std::string &text) {
  return broken(make_error(code::malformed, text));
}

bool speaks_for_itself(std::uint64_t piece_bytes, std::uint64_t window_bytes) {
  return piece_bytes >= piece_bytes_min && window_bytes >= window_bytes_min;
}

code code_of(close_reason reason) {
  switch (reason) {
  case close_reason::hello_first:
    return code::hello_first;
  case close_reason::version:
    return code::protocol_mismatch;
  case close_reason::closed:
  case close_reason::malformed:
  case close_reason::oversize:
  case close_reason::overloaded:
  case close_reason::stalled:
    break;
  }
  return code::link_down;
}

} // namespace

link::link(const link_parts &parts, outsize_link number, std::uint64_t token, bool dialled, far_end &to)
    : parts_(parts), number_(number), token_(token), dialled_(dialled), to_(&to), peer_(to.peer()),
      limit_bytes_(parts.options.message_bytes_max), inbox_(parts.memory.open_window(), parts.options.piece_bytes()),
      outbox_(number, parts.options.queue_bytes, parts.wake, parts.finished) {
  to_->carry(number_);
}

link::~link() {
  if (!over()) {
    parts_.memory.release(number_);
    parts_.memory.close_window(inbox_.window_bytes());
  }
}

// ---- opening

void link::dial(std::uint64_t attempt, time_point give_up_at) {
  attempt_ = attempt;
  give_up_at_ = give_up_at;
}

bool link::ask() {
  if (!dialled_ || asked_) {
    return true;
  }
  asked_ = true;
  return say(make_open({attempt_, static_cast<std::uint32_t>(parts_.options.piece_bytes()), inbox_.window_bytes()}));
}

result<void> link::accept(const frame_view &first, std::uint64_t session) {
  const std::optional<open_body> asked = parse_open(first);
  if (!asked || !speaks_for_itself(asked->piece_bytes_max, asked->window_bytes)) {
    return make_error(code::malformed, "an open frame that is cut off or allows too little");
  }
  open(session, asked->piece_bytes_max, asked->window_bytes);
  say(make_opened(
      {session, asked->attempt, static_cast<std::uint32_t>(parts_.options.piece_bytes()), inbox_.window_bytes()}));
  return {};
}

std::optional<ending> link::take_opened(const frame_view &seen) {
  const std::optional<opened_body> answer = parse_opened(seen);
  if (!opening() || !answer || answer->attempt != attempt_ ||
      !speaks_for_itself(answer->piece_bytes_max, answer->window_bytes)) {
    return broken("an opened frame that answers nothing");
  }
  open(answer->session, answer->piece_bytes_max, answer->window_bytes);
  return std::nullopt;
}

void link::open(std::uint64_t session, std::uint64_t piece_bytes, std::uint64_t window_bytes) {
  session_ = session;
  phase_ = phase::open;
  outbox_.open(session, piece_bytes, window_bytes);
  parts_.events.link_up(number_, token_, peer_);
}

// ---- receiving

std::optional<ending> link::take(zmq::message_t &frame, bool more) {
  if (over()) {
    return std::nullopt;
  }
  received_bytes_ += frame.size() + zmtp_header_bytes;
  if (more) {
    return broken("a message of several ZeroMQ frames");
  }
  if (inbox_.raw_expected() > 0) {
    return take_raw(frame);
  }
  const result<frame_view> seen = parse_frame({static_cast<const std::uint8_t *>(frame.data()), frame.size()});
  return seen ? take_framed(*seen, frame) : broken(seen.error());
}

std::optional<ending> link::take_framed(const frame_view &seen, zmq::message_t &frame) {
  if (seen.kind == frame_kind::close) {
    return take_close(seen);
  }
  if (seen.kind == frame_kind::opened) {
    return take_opened(seen);
  }
  if (opening() || seen.session != session_) {
    return ending{make_error(code::hello_first, "a frame of a session that is not this link's"),
                  close_reason::hello_first};
  }
  switch (seen.kind) {
  case frame_kind::head:
    return take_head(seen, frame);
  case frame_kind::piece: {
    const buffer bytes = to_buffer(std::move(frame));
    frame_view moved = seen;
    moved.body = bytes.span().subspan(frame_prefix_bytes);
    return after(inbox_.take_piece(moved, bytes));
  }
  case frame_kind::credit: {
    const std::optional<std::uint64_t> total = parse_credit(seen);
    outbox_.set_credit(total.value_or(0));
    return total ? std::nullopt : std::optional(broken("a credit frame that is cut off"));
  }
  default:
    return broken("an open frame on an open link");
  }
}

std::optional<ending> link::take_head(const frame_view &seen, zmq::message_t &frame) {
  std::optional<head_body> head = parse_head(seen);
  if (!head) {
    return broken("a head frame whose table of parts is wrong");
  }
  if (head->total_bytes > limit_bytes_) {
    return oversize(head->total_bytes);
  }
  const std::size_t leading_bytes = head->leading.size();
  const buffer bytes = to_buffer(std::move(frame)); // what `seen` and `head` point to has moved
  head->leading = bytes.span().last(leading_bytes);
  const result<void> taken = inbox_.take_head(std::move(*head), seen, bytes);
  if (taken && inbox_.needs_reservation() && !parts_.memory.reserve(number_, inbox_.total_bytes())) {
    inbox_.hold(true);
  }
  return after(taken);
}

std::optional<ending> link::take_raw(zmq::message_t &frame) {
  return after(inbox_.take_raw(to_buffer(std::move(frame))));
}

std::optional<ending> link::after(const result<void> &taken) {
  if (!taken) {
    return broken(taken.error());
  }
  if (inbox_.whole()) {
    const bool reserved = inbox_.needs_reservation();
    ++messages_received_;
    parts_.events.message(number_, inbox_.take_message());
    if (reserved) {
      inbox_.hold(false);
      parts_.memory.release(number_);
    }
  }
  return std::nullopt;
}

std::optional<ending> link::oversize(std::uint64_t actual_bytes) {
  parts_.events.oversize(number_, peer_, actual_bytes, limit_bytes_);
  const std::string text = "a message of " + std::to_string(actual_bytes) + " bytes came over a link whose limit is " +
                           std::to_string(limit_bytes_);
  return ending{make_error(code::link_down, text), close_reason::oversize};
}

std::optional<ending> link::take_close(const frame_view &seen) const {
  const close_body said = parse_close(seen);
  const std::string text = said.text.empty() ? std::string("the far side closed the link") : said.text;
  return ending{make_error(code_of(said.reason), peer_ + ": " + text), std::nullopt};
}

void link::granted() {
  inbox_.hold(false);
}

std::uint64_t link::withheld_bytes_max(bool drained) const {
  const std::uint64_t next = std::max<std::uint64_t>(inbox_.raw_expected(), framed_bytes_max);
  const std::uint64_t partial = next + 2 * read_ahead_bytes;
  return drained ? partial : partial + inbox_.outstanding_bytes_max() + control_slack_bytes;
}

// ---- sending

bool link::say(const std::vector<std::uint8_t> &frame) {
  zmq::message_t bytes(frame.data(), frame.size());
  control_bytes_ += frame.size() + zmtp_header_bytes;
  return to_->send(bytes);
}

bool link::announce_credit() {
  const std::optional<std::uint64_t> due = inbox_.take_credit();
  return !due || say(make_credit(session_, *due));
}

bool link::flush() {
  if (phase_ != phase::open) {
    return over() || ask();
  }
  const bool reachable = announce_credit() && outbox_.flush(*to_);
  if (reachable && risen_ && outbox_.take_writable()) {
    parts_.events.writable(number_);
  }
  return reachable;
}

result<send_outcome> link::send(std::span<const buffer> parts, std::uint64_t token) {
  if (phase_ != phase::open || !risen_) {
    return make_error(code::link_down, "the link to " + peer_ + " is not up");
  }
  std::uint64_t total_bytes = 0;
  for (const buffer &part : parts) {
    total_bytes += part.size();
  }
  if (result<void> fits = check_message_size(total_bytes, limit_bytes_, peer_); !fits) {
    return fits.error();
  }
  return outbox_.offer(parts, total_bytes, token);
}

result<void> link::set_limit(std::uint64_t bytes) {
  if (bytes > limit_bytes_) {
    return make_error(code::invalid_argument, "the limit of the link to " + peer_ + " is " +
                                                  std::to_string(limit_bytes_) + " bytes and cannot be raised to " +
                                                  std::to_string(bytes));
  }
  limit_bytes_ = bytes;
  return {};
}

void link::fill(outsize_link_stats &stats) const {
  stats.limit_bytes = limit_bytes_;
  stats.bytes_sent = outbox_.wire_bytes() + control_bytes_;
  stats.bytes_received = std::max(received_bytes_, to_ != nullptr ? to_->received_bytes() : 0);
  stats.messages_sent = outbox_.messages();
  stats.messages_received = messages_received_;
  stats.queued_bytes = outbox_.queued_bytes();
  stats.queued_bytes_max = outbox_.queued_bytes_max();
}

// ---- the end

void link::end(const ending &how, time_point now) {
  if (over()) {
    return;
  }
  if (how.tell) {
    say(make_close(session_, *how.tell, how.why.text));
  }
  why_ = how.why;
  phase_ = phase::ending;
  outbox_.abandon(why_);
  parts_.memory.release(number_);
  parts_.memory.close_window(inbox_.window_bytes());
  std::exchange(to_, nullptr)->leave(how.tell.has_value(), now);
}

void link::finished(outgoing_message &message) {
  outbox_.finished(message);
  parts_.events.completion(number_, message.token, message.failed);
}

bool link::take_down() {
  if (!over() || down_ || outbox_.outstanding() > 0) {
    return false;
  }
  down_ = true;
  parts_.events.link_down(number_, token_, why_);
  return true;
}

bool link::tell(const event &what) {
  switch (what.kind) {
  case OUTSIZE_EVENT_COMPLETION:
    return true;
  case OUTSIZE_EVENT_LINK_DOWN:
    return risen_ || dialled_; // of an accepted link that never rose the host knows nothing
  case OUTSIZE_EVENT_LINK_UP:
    risen_ = !cancelled_;
    return risen_;
  case OUTSIZE_EVENT_WRITABLE:
    return !over();
  default:
    return !cancelled_;
  }
}

} // namespace outsize::zeromq
