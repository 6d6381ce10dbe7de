// Puts one link's messages together from frames, and says how much the peer may send.
//
// A part that lies in one frame is handed on as it is; one that comes in pieces is copied together, with at most
// growth_bytes_max of room beyond what has arrived. Nothing is allocated for what a peer merely declares.
//
// Thread rule: the host's thread.
#pragma once

#include "frames.hpp"

#include <outsize/buffer.hpp>
#include <outsize/result.hpp>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace outsize::zeromq {

class inbox {
public:
  inbox(std::uint64_t window_bytes, std::uint64_t piece_bytes)
      : window_bytes_(window_bytes), piece_bytes_max_(piece_bytes), announced_(window_bytes) {}

  /// The size of the raw frame that must come next; 0: any framed frame.
  [[nodiscard]] std::uint32_t raw_expected() const { return raw_expected_; }

  // Each of the three takes one frame; `bytes` is the whole frame. Errors: malformed, also for more than the credit
  // allowed. Afterwards whole() says whether the message is there.

  /// Only after the size was checked against the link's limit.
  result<void> take_head(head_body &&head, const frame_view &frame, const buffer &bytes);
  result<void> take_piece(const frame_view &frame, const buffer &bytes);
  result<void> take_raw(const buffer &bytes);

  [[nodiscard]] bool whole() const { return begun_ && part_ == sizes_.size(); }
  /// The message; only when whole. The inbox is ready for the next one.
  std::vector<buffer> take_message();

  /// True when the message needs memory beyond the window. While held, what arrives earns no credit.
  [[nodiscard]] bool needs_reservation() const { return begun_ && total_bytes_ > window_bytes_; }
  [[nodiscard]] std::uint64_t total_bytes() const { return total_bytes_; }
  void hold(bool on);

  /// The credit to announce, when it has moved far enough.
  std::optional<std::uint64_t> take_credit();

  [[nodiscard]] std::uint64_t window_bytes() const { return window_bytes_; }
  /// What has arrived, in the currency of credit.
  [[nodiscard]] std::uint64_t arrived() const { return arrived_; }
  /// The most that may be on the wire from a peer that keeps to the protocol, when it is not known what libzmq holds.
  [[nodiscard]] std::uint64_t outstanding_bytes_max() const { return announced_ - arrived_; }

private:
  result<void> admit(std::uint64_t frame_bytes);
  result<void> expect_raw(std::uint32_t bytes);
  result<void> take_bytes(buffer bytes);
  void take_slice(buffer &bytes);
  void begin(head_body &&head);

  const std::uint64_t window_bytes_;
  const std::uint64_t piece_bytes_max_;

  bool begun_ = false;
  std::vector<std::uint64_t> sizes_;
  std::uint64_t total_bytes_ = 0;
  std::uint64_t received_bytes_ = 0; ///< of this message
  std::size_t part_ = 0;             ///< the one that is being filled
  std::vector<buffer> parts_;
  writable_buffer growing_;
  std::uint32_t raw_expected_ = 0;

  std::uint64_t arrived_ = 0;
  std::uint64_t taken_ = 0; ///< arrived, and either handed on or inside of a reservation
  std::uint64_t announced_;
  bool held_ = false;
};

} // namespace outsize::zeromq
