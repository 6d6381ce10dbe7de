// Makes messages of the bytes of one link. Knows nothing of sockets: it is given bytes, and says what to do next.
//
// Memory: a message that lies whole in the bytes given is copied out into a buffer of its own size. A larger one gets
// a body that is read into directly; it starts with at most body_at_once_max and doubles as bytes come in, up to the
// declared length, so that a forged length costs nothing.
//
// Thread rule: one thread at a time.
#pragma once

#include "frame.hpp"
#include "receive_budget.hpp"

#include <outsize/buffer.hpp>
#include <outsize/error.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace outsize::tcp {

/// A record of 1 MiB with what is around it comes in without a second allocation.
inline constexpr std::uint64_t body_at_once_max = (1U << 20U) + (64U << 10U);

class inbox {
public:
  inbox(outsize_link link, std::uint64_t limit_bytes, receive_budget &budget)
      : link_(link), limit_bytes_(limit_bytes), budget_(budget) {}
  ~inbox() { budget_.release(link_); }
  inbox(const inbox &) = delete;
  inbox &operator=(const inbox &) = delete;

  enum class step {
    message,   ///< one is whole: take_message, then ask again
    hungry,    ///< all bytes are used up, more are wanted
    waiting,   ///< the budget has no room for the body: keep the rest of the bytes, and ask again after granted
    oversize,  ///< a message of declared_bytes is over the limit; the link is done for
    malformed, ///< see why; the link is done for
  };
  /// Takes bytes from the front of `bytes`, up to the end of one message.
  step next(std::span<const std::uint8_t> &bytes);
  /// Only after step::message. All parts share one allocation.
  std::vector<buffer> take_message();

  /// Where the next bytes of an open body can be read to; empty when there is none. Valid until the next call.
  std::span<std::uint8_t> room();
  /// `count` bytes were read into room().
  void filled(std::uint64_t count);

  /// The budget has granted what was waited for.
  void granted() {
    phase_ = phase::body;
    holds_budget_ = true;
  }
  [[nodiscard]] bool is_waiting() const { return phase_ == phase::waiting; }
  /// A message is whole and was not taken: next gives it without more bytes.
  [[nodiscard]] bool is_whole() const { return phase_ == phase::body && body_.size() == declared_bytes_; }
  [[nodiscard]] bool is_between_messages() const { return phase_ == phase::header && header_.empty(); }

  void set_limit(std::uint64_t bytes) { limit_bytes_ = bytes; }
  [[nodiscard]] std::uint64_t limit_bytes() const { return limit_bytes_; }
  [[nodiscard]] std::uint64_t declared_bytes() const { return declared_bytes_; }
  [[nodiscard]] const error &why() const { return why_; }

private:
  enum class phase { header, waiting, body };
  enum class header_state { complete, partial, malformed };

  header_state read_header(std::span<const std::uint8_t> &bytes);
  header_state read_split_header(std::span<const std::uint8_t> &bytes);
  bool collect(std::span<const std::uint8_t> &bytes, std::uint64_t header_bytes);
  bool read_start(const std::uint8_t *from);
  step open_body(std::span<const std::uint8_t> &bytes);
  step fill_body(std::span<const std::uint8_t> &bytes);

  const outsize_link link_;
  std::uint64_t limit_bytes_;
  receive_budget &budget_;
  phase phase_ = phase::header;
  std::vector<std::uint8_t> header_; // the part of a frame header that has come
  std::vector<std::uint64_t> lengths_;
  std::uint64_t declared_bytes_ = 0;
  writable_buffer body_;
  bool holds_budget_ = false;
  error why_;
};

} // namespace outsize::tcp
