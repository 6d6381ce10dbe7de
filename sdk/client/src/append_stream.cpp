#include "append_stream.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace outsize::client {

namespace {

/// As the protocol has it: then the record is refused, by the sequencer or here.
constexpr std::uint32_t restarts_max = 5;
/// Between an append that was cut off and the next try: the next segment is opened meanwhile.
constexpr duration pause = std::chrono::milliseconds(50);

error lost(const std::string &what, const error &why) {
  return make_error(code::outcome_unknown, what + ": " + why.text);
}

} // namespace

wire::append_result refused_here(const std::string &log, const error &why) {
  wire::append_result made;
  made.refused = wire::to_refusal(why);
  made.refused->log = log;
  if (why.limit_bytes != 0) { // what the client refuses by itself is over a limit of the format
    made.refused->at = wire::stage::admission;
    made.refused->limit_source = why.peer.empty() ? "host" : "peer " + why.peer;
  }
  return made;
}

payload_source source_of(rope payload) {
  payload_source made;
  made.bytes = payload.size();
  made.read = [payload = std::move(payload)](std::uint64_t from, std::uint64_t bytes) {
    return result<rope>(payload.slice(from, bytes));
  };
  return made;
}

append_stream::append_stream(connection &to, request what, std::uint64_t turn)
    : connection_(to), what_(std::move(what)), turn_(turn) {}

// ---- rounds ---------------------------------------------------------------------------------------------------------

void append_stream::begin(time_point now) {
  patience_ = what_.deadline == never ? duration::max() : std::max(what_.deadline - now, duration::zero());
  heard_at_ = now;
}

void append_stream::run(time_point now) {
  const auto self = shared_from_this(); // whoever is told the outcome may let go of us
  take_news(now);
  if (!is_started_ && connection_.up()) {
    heard_at_ = now; // it waits for its turn, not for an answer
  }
  if (phase_ == phase::waiting && is_started_ && connection_.up() && now >= again_at_) {
    open();
  }
  if (phase_ == phase::sending) {
    send_pieces(now);
  }
  look_at_the_time(now);
}

bool append_stream::waits_for_answer() const {
  return phase_ == phase::waiting || phase_ == phase::opening || phase_ == phase::sending || phase_ == phase::finishing;
}

time_point append_stream::next_time() const {
  if (!waits_for_answer()) {
    return never;
  }
  const time_point late = patience_ == duration::max() ? never : heard_at_ + patience_;
  if (phase_ != phase::waiting || !connection_.up()) {
    return late;
  }
  return is_started_ ? std::min(late, again_at_) : never;
}

void append_stream::look_at_the_time(time_point now) {
  if (!waits_for_answer() || now - heard_at_ < patience_) {
    return;
  }
  if (phase_ == phase::finishing) {
    drop_requests();
    settle(refused_here(what_.log, lost("the answer to the end of the append was lost",
                                        make_error(code::timed_out, "it did not come in time"))));
    return;
  }
  if (waits_because_.has_value()) {
    settle(*std::move(waits_because_));
    return;
  }
  std::string why = phase_ == phase::waiting ? "not sent in time" : "no answer in time; nothing of it is in the log";
  if (const std::optional<error> failure = connection_.last_failure(); failure.has_value() && !connection_.up()) {
    why += ": " + failure->text;
  }
  refuse(make_error(code::timed_out, std::move(why)));
}

// ---- out ------------------------------------------------------------------------------------------------------------

std::uint64_t append_stream::ask(wire::outgoing message, std::uint32_t index) {
  const wire::kind asked = message.what;
  return connection_.endpoint().request(
      link_, std::move(message), never,
      [weak = weak_from_this(), asked, index, attempt = attempt_](result<wire::incoming> reply) {
        if (const auto self = weak.lock(); self != nullptr && self->attempt_ == attempt) {
          self->news_.push_back({asked, index, std::move(reply)});
        }
      });
}

void append_stream::open() {
  wire::open_append message;
  message.log = what_.log;
  message.payload_bytes = what_.payload.bytes;
  message.restarts = restarts_;
  if (patience_ != duration::max()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(patience_).count();
    message.time_left_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(left, 1));
  }
  phase_ = phase::opening;
  link_ = connection_.main_link();
  // In the stream of whole records: it must not overtake what its producer sent before.
  request_ = ask(wire::make_outgoing(message, rope(what_.record_header)));
}

void append_stream::send_pieces(time_point now) {
  while (phase_ == phase::sending && sent_bytes_ < what_.payload.bytes) {
    const std::uint64_t next = std::min(piece_bytes_, what_.payload.bytes - sent_bytes_);
    if (!unanswered_.empty() && unanswered_bytes_ + next > window_bytes_) {
      return;
    }
    if (!send_piece()) {
      return;
    }
    heard_at_ = unanswered_.size() == 1 ? now : heard_at_; // reading the source is nobody's delay
  }
  // What a piece's answer may still say is heard before the end is asked for: until then a refusal leaves no doubt.
  if (phase_ == phase::sending && unanswered_.empty()) {
    finish();
  }
}

bool append_stream::send_piece() {
  const std::uint64_t bytes = std::min(piece_bytes_, what_.payload.bytes - sent_bytes_);
  result<rope> piece = what_.payload.read(sent_bytes_, bytes);
  if (!piece) {
    refuse(piece.error());
    return false;
  }
  if (piece->size() != bytes) {
    refuse(size_error(code::invalid_argument,
                      "the source of the payload gave " + std::to_string(piece->size()) + " bytes from position " +
                          std::to_string(sent_bytes_) + " on, not " + std::to_string(bytes),
                      piece->size(), bytes));
    return false;
  }
  whole_->add(*piece);
  const std::uint32_t index = next_index_++;
  sent_bytes_ += bytes;
  unanswered_bytes_ += bytes;
  const wire::append_piece message{stream_, index, wire::digest_of(*piece)};
  sent_piece &sent = unanswered_[index];
  sent.bytes = bytes;
  sent.number = ask(wire::make_outgoing(message, std::move(piece).value(), turn_), index);
  return true;
}

void append_stream::finish() {
  phase_ = phase::finishing;
  request_ = ask(wire::make_outgoing(wire::finish_append{stream_, whole_->value()}, {}, turn_));
}

// ---- in -------------------------------------------------------------------------------------------------------------

void append_stream::take_news(time_point now) {
  while (!news_.empty()) {
    const news next = std::move(news_.front());
    news_.pop_front();
    switch (next.asked) {
    case wire::kind::open_append:
      on_opened(next.reply, now);
      break;
    case wire::kind::append_piece:
      on_taken(next.index, next.reply, now);
      break;
    default:
      on_finished(next.reply, now);
    }
  }
}

void append_stream::on_opened(const result<wire::incoming> &reply, time_point now) {
  request_ = 0;
  if (!reply && reply.error().code == code::unsupported) {
    phase_ = phase::whole; // a node that does not know large appends judges the record as it is
    return;
  }
  if (!reply) {
    on_failure(reply.error(), now);
    return;
  }
  result<wire::append_opened> opened = wire::decode<wire::append_opened>(reply->header);
  if (!opened) {
    refuse(opened.error());
    return;
  }
  if (opened->outcome.has_value()) {
    on_outcome(*std::move(opened->outcome), now);
    return;
  }
  if (opened->stream == 0) {
    phase_ = phase::whole;
    return;
  }
  stream_ = opened->stream;
  const std::uint64_t pieces_max = std::numeric_limits<std::uint32_t>::max();
  if (opened->piece_bytes == 0 || what_.payload.bytes / opened->piece_bytes >= pieces_max) {
    refuse(make_error(code::malformed, "the node asked for pieces of " + std::to_string(opened->piece_bytes) +
                                           " bytes of a payload of " + std::to_string(what_.payload.bytes)));
    return;
  }
  piece_bytes_ = opened->piece_bytes;
  window_bytes_ = opened->window_bytes;
  whole_.emplace();
  whole_->add(what_.record_header.span());
  heard_at_ = now;
  was_begun_ = true;
  waits_because_.reset();
  phase_ = phase::sending;
}

void append_stream::on_taken(std::uint32_t index, const result<wire::incoming> &reply, time_point now) {
  const auto sent = unanswered_.extract(index);
  if (sent.empty() || phase_ != phase::sending) {
    return;
  }
  unanswered_bytes_ -= sent.mapped().bytes;
  if (!reply) {
    on_failure(reply.error(), now);
    return;
  }
  result<wire::piece_taken> taken = wire::decode<wire::piece_taken>(reply->header);
  if (!taken) {
    refuse(taken.error());
    return;
  }
  if (taken->outcome.has_value()) {
    stream_ = 0; // it is gone
    on_outcome(*std::move(taken->outcome), now);
    return;
  }
  heard_at_ = now;
}

void append_stream::on_finished(const result<wire::incoming> &reply, time_point now) {
  request_ = 0;
  stream_ = 0;
  if (!reply) {
    const error &why = reply.error();
    const bool is_lost = why.code == code::link_down || why.code == code::timed_out;
    settle(refused_here(what_.log, is_lost ? lost("the answer to the end of the append was lost", why) : why));
    return;
  }
  result<wire::append_finished> finished = wire::decode<wire::append_finished>(reply->header);
  if (!finished) {
    settle(refused_here(what_.log, lost("the answer to the end of the append cannot be read", finished.error())));
    return;
  }
  on_outcome(std::move(finished->outcome), now);
}

/// A question was not answered as it should, and the record was not finished.
void append_stream::on_failure(const error &why, time_point now) {
  if (why.code != code::link_down) {
    refuse(why);
    return;
  }
  stream_ = 0; // it went with the link
  if (phase_ == phase::opening) {
    drop_requests();
    phase_ = phase::waiting; // nothing was sent of it, though it may have been opened
    again_at_ = now;
    was_begun_ = true;
    return;
  }
  if (!begin_again(now)) {
    refuse(why);
  }
}

void append_stream::on_outcome(wire::append_result outcome, time_point now) {
  const code why = outcome.refused.has_value() ? outcome.refused->why : code::ok;
  if (phase_ == phase::opening && was_begun_ && retry_of(why) == retry_class::later) {
    // The next segment is not open yet, or what is left of the last try has not been cleared away.
    phase_ = phase::waiting;
    again_at_ = now + pause;
    waits_because_ = std::move(outcome);
    return;
  }
  if (phase_ != phase::opening && why == code::log_recovering && begin_again(now)) {
    return;
  }
  settle(std::move(outcome));
}

/// The record was cut off by the end of its segment or of the link: false when it cannot be sent from its beginning.
bool append_stream::begin_again(time_point now) {
  if (!what_.payload.can_rewind || restarts_ == restarts_max) {
    return false;
  }
  ++restarts_;
  drop_requests();
  phase_ = phase::waiting;
  heard_at_ = now;
  again_at_ = now + pause;
  return true;
}

// ---- the end --------------------------------------------------------------------------------------------------------

/// Nothing that was asked is wanted any more.
void append_stream::drop_requests() {
  ++attempt_;
  news_.clear();
  wire::endpoint &through = connection_.endpoint();
  if (const std::uint64_t number = std::exchange(request_, 0); number != 0) {
    through.withdraw_request(link_, number);
  }
  for (const auto &[index, sent] : std::exchange(unanswered_, {})) {
    through.withdraw_request(link_, sent.number);
  }
  if (stream_ != 0 && phase_ != phase::finishing) {
    // Nobody waits for it: where it is lost, the link or the node's patience ends the stream.
    (void)through.send(link_, wire::make_outgoing(wire::abandon_append{stream_}, {}, turn_));
  }
  stream_ = 0;
  sent_bytes_ = 0;
  next_index_ = 0;
  unanswered_bytes_ = 0;
  whole_.reset();
}

void append_stream::refuse(const error &why) {
  settle(refused_here(what_.log, why));
}

void append_stream::settle(wire::append_result outcome) {
  drop_requests();
  phase_ = phase::over;
  what_.payload.read = nullptr; // its memory or file is not needed any more
  const client::appended then = std::exchange(what_.then, nullptr);
  then(std::move(outcome));
}

append_stream::request append_stream::take() {
  phase_ = phase::over;
  return std::move(what_);
}

std::uint64_t append_stream::held_bytes() const {
  return phase_ == phase::over ? 0 : what_.is_in_memory ? what_.payload.bytes : unanswered_bytes_;
}

} // namespace outsize::client
