#include "parts_inbox.hpp"

#include <algorithm>

namespace outsize::wire {
namespace {

/// A buffer's own memory; pieces cut into tinier ones are charged for that.
constexpr std::uint64_t buffer_cost_bytes = 64;

error malformed(const part &head, const std::string &why) {
  return make_error(code::malformed, "part " + std::to_string(head.message) + " at " + std::to_string(head.from) +
                                         " of " + std::to_string(head.total_bytes) + " bytes: " + why);
}

} // namespace

std::uint64_t parts_inbox::cost_of(const rope &piece) {
  return std::max<std::uint64_t>(piece.size(), buffer_cost_bytes * piece.parts().size());
}

result<large_message *> parts_inbox::find(const part &head, const rope &piece, std::uint64_t message_bytes) {
  uncredited_bytes_ += message_bytes;
  if (uncredited_bytes_ > window_bytes_) {
    return malformed(head, "more parts than there was credit for");
  }
  const auto known = messages_.find(head.message);
  result<large_message *> found = known == messages_.end() ? begin(head, piece) : &known->second;
  if (!found) {
    return found;
  }
  if (result<void> fits = check(head, piece, **found); !fits) {
    return std::move(fits).error();
  }
  return found;
}

result<large_message *> parts_inbox::begin(const part &head, const rope &piece) {
  if (head.from != 0 || head.message <= last_begun_) {
    return malformed(head, "no message of that name is under way");
  }
  if (messages_.size() >= large_messages_max) {
    return malformed(head, "too many messages in parts are under way");
  }
  if (head.header_bytes < envelope_bytes || head.header_bytes > header_part_bytes_max ||
      head.header_bytes > head.total_bytes || head.total_bytes > message_limit_bytes_max) {
    return malformed(head, "a header part of " + std::to_string(head.header_bytes) + " bytes cannot be");
  }
  if (piece.size() < envelope_bytes) {
    return malformed(head, "the first piece is too small");
  }
  result<envelope> what = decode_envelope(piece.slice(0, envelope_bytes).flatten().span());
  if (!what) {
    return std::move(what).error();
  }
  last_begun_ = head.message;
  large_message &made = messages_[head.message];
  made.what = *what;
  made.header_bytes = head.header_bytes;
  made.total_bytes = head.total_bytes;
  return &made;
}

result<void> parts_inbox::check(const part &head, const rope &piece, const large_message &message) const {
  if (head.from != message.received_bytes) {
    return malformed(head, "the next piece begins at " + std::to_string(message.received_bytes));
  }
  if (head.total_bytes != message.total_bytes || head.header_bytes != message.header_bytes) {
    return malformed(head, "sizes differ from those of the first piece");
  }
  const std::uint64_t left = message.total_bytes - message.received_bytes;
  if (piece.size() > left) {
    return malformed(head, "the piece is larger than what is left");
  }
  if (piece.size() < left && piece.size() < part_piece_bytes_min) {
    return malformed(head, "a piece of " + std::to_string(piece.size()) + " bytes that is not the last");
  }
  return {};
}

std::uint64_t parts_inbox::take(large_message &message, const rope &piece, time_point now) {
  const std::uint64_t of_header =
      message.has_header() ? 0 : std::min(piece.size(), message.header_bytes - message.received_bytes);
  message.heard_at = now;
  message.received_bytes += piece.size();
  if (message.dropped) {
    return 0;
  }
  if (of_header > 0) {
    message.header_pieces_.append(piece.slice(0, of_header));
  }
  if (of_header > 0 && message.has_header()) {
    message.header = std::exchange(message.header_pieces_, {}).flatten();
  }
  if (of_header < piece.size()) {
    message.payload.append(piece.slice(of_header, piece.size() - of_header));
  }
  message.held_bytes += cost_of(piece);
  return message.held_bytes;
}

std::uint64_t parts_inbox::drop(large_message &message) {
  message.dropped = true;
  message.header = {};
  message.header_pieces_ = {};
  message.payload = {};
  return std::exchange(message.held_bytes, 0);
}

large_message parts_inbox::remove(name which) {
  const auto found = messages_.find(which);
  if (found == messages_.end()) {
    return {};
  }
  large_message taken = std::move(found->second);
  messages_.erase(found);
  return taken;
}

std::uint64_t parts_inbox::take_credit(std::uint64_t part_message_bytes_max) {
  // A quarter of the window at a time, unless the window is so small that the sender would have to wait.
  const bool is_wide = window_bytes_ >= 4 * part_message_bytes_max;
  if (uncredited_bytes_ == 0 || (is_wide && uncredited_bytes_ < window_bytes_ / 4)) {
    return 0;
  }
  return std::exchange(uncredited_bytes_, 0);
}

std::uint64_t parts_inbox::held_bytes() const {
  std::uint64_t held = 0;
  for (const auto &[unused, message] : messages_) {
    held += message.held_bytes;
  }
  return held;
}

} // namespace outsize::wire
