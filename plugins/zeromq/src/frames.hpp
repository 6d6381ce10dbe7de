// The frames of the protocol: what is inside of each ZeroMQ message. README.md describes them byte by byte.
//
// Thread rule: plain functions and values.
#pragma once

#include <outsize/result.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace outsize::zeromq {

inline constexpr std::uint8_t protocol_version = 1;

enum class frame_kind : std::uint8_t {
  open = 1,   ///< dialler to listener: asks for a link
  opened = 2, ///< listener to dialler: the link is open, with its session
  head = 3,   ///< begins a message: the sizes of its parts, then bytes of it
  piece = 4,  ///< goes on with the message
  credit = 5, ///< how much the other side may have sent by now
  close = 6,  ///< the link ends
};

/// Why a link ends, for the other side's log.
enum class close_reason : std::uint32_t {
  closed = 0,      ///< its host wanted it
  hello_first = 1, ///< a frame of a session we do not have
  malformed = 2,
  oversize = 3, ///< a message over our limit
  overloaded = 4,
  version = 5, ///< no protocol version in common
  stalled = 6, ///< held memory that others waited for
};

/// A frame taken apart; `body` points into it.
struct frame_view {
  frame_kind kind{};
  std::uint32_t argument = 0; ///< head and piece: size of the raw frame that follows, or 0; close: the reason
  std::uint64_t session = 0;
  std::span<const std::uint8_t> body;
};

/// Errors: malformed; protocol_mismatch for another version.
result<frame_view> parse_frame(std::span<const std::uint8_t> bytes);

struct open_body {
  std::uint64_t attempt = 0;         ///< random; comes back in opened. In the session field of the prefix
  std::uint32_t piece_bytes_max = 0; ///< the largest raw frame the sender of this takes
  std::uint64_t window_bytes = 0;    ///< the credit the other side starts with
};
std::optional<open_body> parse_open(const frame_view &frame);

struct opened_body {
  std::uint64_t session = 0; ///< agreed for this link; in every later frame
  std::uint64_t attempt = 0;
  std::uint32_t piece_bytes_max = 0;
  std::uint64_t window_bytes = 0;
};
std::optional<opened_body> parse_opened(const frame_view &frame);

struct head_body {
  std::vector<std::uint64_t> sizes;      ///< of the parts
  std::uint64_t total_bytes = 0;         ///< their sum; the largest number when the sum is larger
  std::span<const std::uint8_t> leading; ///< the first bytes of the message
};
/// Allocates at most as much as the frame is long. Nothing for a table that is cut off, or no part at all.
std::optional<head_body> parse_head(const frame_view &frame);

std::optional<std::uint64_t> parse_credit(const frame_view &frame);

struct close_body {
  close_reason reason{};
  std::string text;
};
close_body parse_close(const frame_view &frame);

std::vector<std::uint8_t> make_open(const open_body &open);
std::vector<std::uint8_t> make_opened(const opened_body &opened);
std::vector<std::uint8_t> make_credit(std::uint64_t session, std::uint64_t total_bytes);
/// Text beyond 256 bytes is cut.
std::vector<std::uint8_t> make_close(std::uint64_t session, close_reason reason, std::string_view text);

/// Writers for frames that are made in place. Each returns where the next byte goes.
std::uint8_t *write_prefix(std::uint8_t *to, frame_kind kind, std::uint32_t argument, std::uint64_t session);
std::uint8_t *write_u32(std::uint8_t *to, std::uint32_t value);
std::uint8_t *write_u64(std::uint8_t *to, std::uint64_t value);

} // namespace outsize::zeromq
