// Large messages that arrive on one link in parts: checks the order of the pieces and puts them together.
//
// Holds received bytes only; what a part declares allocates nothing. Whether a message may stay is the owner's
// business: it drops the message, and the rest of its pieces is counted and thrown away until the last or the mark that
// ends it.
//
// Thread rule: the endpoint's thread. A machine: calls nobody.
#pragma once

#include <outsize/buffer.hpp>
#include <outsize/result.hpp>
#include <outsize/time.hpp>
#include <outsize/wire/codec.hpp>
#include <outsize/wire/limits.hpp>

#include <cstdint>
#include <map>

namespace outsize::wire {

/// One message being put together.
struct large_message {
  envelope what; ///< as its own header part says
  std::uint64_t header_bytes = 0;
  std::uint64_t total_bytes = 0;
  std::uint64_t received_bytes = 0;
  std::uint64_t begun = 0; ///< over all links: larger is younger
  time_point heard_at;
  bool dropped = false; ///< the rest is thrown away as it comes
  bool offered = false; ///< the owner was asked with the whole header
  std::uint64_t held_bytes = 0;
  buffer header; ///< whole once header_bytes have come
  rope payload;

  [[nodiscard]] bool is_new() const { return received_bytes == 0; }
  [[nodiscard]] bool has_header() const { return received_bytes >= header_bytes; }
  [[nodiscard]] bool is_whole() const { return received_bytes == total_bytes; }

private:
  friend class parts_inbox;
  rope header_pieces_;
};

class parts_inbox {
public:
  using name = std::uint64_t;

  explicit parts_inbox(std::uint64_t window_bytes = 0) : window_bytes_(window_bytes) {}

  /// The message that a part of `message_bytes` in all belongs to; a new one when it is the first. Error: what the peer
  /// did wrong.
  result<large_message *> find(const part &head, const rope &piece, std::uint64_t message_bytes);
  /// Counts the piece and keeps it unless the message was dropped. After find. Returns the bytes now held for it.
  std::uint64_t take(large_message &message, const rope &piece, time_point now);
  /// What keeping a piece costs: its bytes, or its buffers when they are tiny.
  static std::uint64_t cost_of(const rope &piece);
  /// Lets go of the bytes; the pieces to come are thrown away. Returns the bytes no longer held.
  static std::uint64_t drop(large_message &message);
  /// Takes a whole message out, or forgets one that will not become whole.
  large_message remove(name which);

  /// Credit to give now, 0 while it is too little to speak of.
  std::uint64_t take_credit(std::uint64_t part_message_bytes_max);

  [[nodiscard]] std::map<name, large_message> &messages() { return messages_; }
  [[nodiscard]] std::uint64_t held_bytes() const;

private:
  result<large_message *> begin(const part &head, const rope &piece);
  [[nodiscard]] result<void> check(const part &head, const rope &piece, const large_message &message) const;

  std::map<name, large_message> messages_;
  std::uint64_t window_bytes_;
  std::uint64_t uncredited_bytes_ = 0;
  name last_begun_ = 0;
};

} // namespace outsize::wire
