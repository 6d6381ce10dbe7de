// Every number of the transport's protocol, derived from each other. README.md shows the same table.
#pragma once

#include <outsize/abi/buffer.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace outsize::zeromq {

inline constexpr std::uint64_t kib = 1024;
inline constexpr std::uint64_t mib = 1024 * kib;

// ---- frames

inline constexpr std::uint64_t frame_prefix_bytes = 16;
inline constexpr std::uint64_t head_fixed_bytes = frame_prefix_bytes + 8; ///< prefix, part count, reserved
inline constexpr std::uint64_t parts_max = OUTSIZE_MESSAGE_PARTS_MAX;     ///< of one message

/// A message up to here is copied into one frame: below it, a copy is cheaper than two frames and a completion.
inline constexpr std::uint64_t inline_bytes_max = 16 * kib;
/// A part up to here is copied into a framed frame rather than sent as a piece of its own.
inline constexpr std::uint64_t inline_part_bytes_max = 4 * kib;

/// Any frame that starts with the prefix. 24 + 8 * 1024 + 16 KiB = 24,600 is the largest we make.
inline constexpr std::uint64_t framed_bytes_max = 64 * kib;
static_assert(head_fixed_bytes + 8 * parts_max + inline_bytes_max <= framed_bytes_max);

/// Raw pieces: at most 1 MiB, and a sixteenth of the message limit where that is less. A peer that may send a piece can
/// instead send as many bytes of frames that never end, and two bytes of such a frame cost libzmq 64 bytes of memory:
/// a sixteenth keeps that at twice the message limit.
inline constexpr std::uint64_t piece_bytes_max = 1 * mib;
inline constexpr std::uint64_t piece_bytes_min = 64 * kib;
inline constexpr std::uint64_t piece_bytes_for(std::uint64_t message_bytes_max) {
  return std::clamp(message_bytes_max / 16, piece_bytes_min, piece_bytes_max);
}

/// ZMQ_MAXMSGSIZE is a guard against abuse, not the limit: a little above the largest legal frame.
inline constexpr std::uint64_t frame_slack_bytes = 4 * kib;

// ---- flow control

/// What a frame costs beside its bytes, in the currency of credit: about what libzmq spends on it.
inline constexpr std::uint64_t frame_cost_bytes = 64;
/// How much a peer may send ahead of what we have taken from it; each link its own.
inline constexpr std::uint64_t window_bytes_max = 2 * mib;
inline constexpr std::uint64_t window_bytes_min = 256 * kib;
/// New credit is announced when an eighth of the window has been taken.
inline constexpr std::uint64_t credit_step(std::uint64_t window_bytes) {
  return window_bytes / 8;
}
/// A piece is at most half a window, so that a frame and its piece always fit into the seven eighths that are announced
/// at any time: nobody waits for ever.
inline constexpr std::uint64_t piece_share(std::uint64_t window_bytes) {
  return window_bytes / 2;
}
static_assert(piece_share(window_bytes_min) + framed_bytes_max + 2 * frame_cost_bytes <=
              window_bytes_min - credit_step(window_bytes_min));
static_assert(piece_share(window_bytes_max) >= piece_bytes_max);

/// Handed to libzmq and not given back yet, per link: enough to keep the wire busy, little enough to end soon.
inline constexpr std::uint64_t submitted_bytes_max = 4 * mib;
/// What a queued message costs beside its bytes.
inline constexpr std::uint64_t message_overhead_bytes = 128;

/// A part that arrives in pieces has at most this much room beyond what has arrived (T-06).
inline constexpr std::uint64_t growth_bytes_max = 4 * mib;

// ---- connections

/// Frames that libzmq holds for us per connection. Memory while the host does not poll: this times the largest frame.
inline constexpr int receive_frames_max = 64;
/// What libzmq reads from a socket at once (in_batch_size): read, but perhaps not handed over yet.
inline constexpr std::uint64_t read_ahead_bytes = 8 * kib;
/// Greeting, READY and their kin.
inline constexpr std::uint64_t handshake_bytes_max = 1 * kib;
/// What a connection may send before its link is open: the open frame, and nothing else.
inline constexpr std::uint64_t unopened_bytes_max = 8 * kib;
/// Credit and close frames that may be under way.
inline constexpr std::uint64_t control_slack_bytes = 64 * kib;
/// What ZMTP puts before a frame; two bytes for short ones, but nobody must use the short form.
inline constexpr std::uint64_t zmtp_header_bytes = 9;

// ---- time

/// How long a connection may linger after its link ended, to let the close frame through.
inline constexpr std::chrono::milliseconds close_grace{250};
/// How long what a gone connection left in libzmq may keep its link from going down.
inline constexpr std::chrono::milliseconds departure_grace{100};
/// Between two looks at a connection that is receiving: at 2 GB/s an abuser gains 4 MiB.
inline constexpr std::chrono::milliseconds watch_interval{2};
/// Between two looks at a quiet one, in case its first bytes woke nobody.
inline constexpr std::chrono::milliseconds watch_quiet_interval{100};
/// Looking costs about a microsecond; with many busy connections the interval grows to keep it below 2 %.
inline constexpr std::chrono::microseconds watch_share{50};
/// A sender that holds memory others wait for must bring this much within the stall timeout.
inline constexpr std::uint64_t stall_bytes_min = 64 * kib;

} // namespace outsize::zeromq
