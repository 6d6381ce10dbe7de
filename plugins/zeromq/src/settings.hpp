// The transport's parameters, as the operator set them, and what follows from them.
#pragma once

#include "limits.hpp"

#include <outsize/params.hpp>
#include <outsize/time.hpp>
#include <outsize/transport.hpp>

#include <cstdint>
#include <span>

namespace outsize::zeromq {

struct settings {
  int io_threads = 1;
  std::uint64_t queue_bytes = 0;
  duration connect_timeout{};
  duration handshake_timeout{};
  duration stall_timeout{};
  std::size_t connections_max = 0;
  std::size_t handshakes_max = 0;
  int backlog = 0;
  std::uint64_t message_bytes_max = 0;
  std::uint64_t memory_bytes_max = 0;

  /// The largest raw frame we take.
  [[nodiscard]] std::uint64_t piece_bytes() const { return piece_bytes_for(message_bytes_max); }
  /// ZMQ_MAXMSGSIZE.
  [[nodiscard]] std::uint64_t frame_bytes_max() const {
    return std::max(piece_bytes(), framed_bytes_max) + frame_slack_bytes;
  }
};

/// The table that the host reads and the CLI prints.
std::span<const outsize_param> parameter_table();
settings read_settings(const transport_setup &setup);

} // namespace outsize::zeromq
