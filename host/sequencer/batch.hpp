// A batch: entries with consecutive offsets that travel in one store message, and how far it got at each log server.
//
// Thread rule: plain values.
#pragma once

#include "host/sequencer/batcher.hpp"

#include <outsize/error.hpp>
#include <outsize/time.hpp>

#include <cstdint>
#include <vector>

namespace outsize::host {

enum class delivery_state : std::uint8_t { unsent, in_flight, stored };

/// A batch at one log server.
struct delivery {
  delivery_state state = delivery_state::unsent;
  std::uint32_t tries = 0;
  code last_failure = code::ok;
  time_point hedge_at = never; ///< when another server should be tried beside this one
};

struct batch {
  wire::segment_id segment;
  wire::offset_t first = wire::no_offset;
  wire::offset_t end = wire::no_offset; ///< first offset after it
  std::vector<buffer> entry_headers;    ///< encoded once, with checksum
  rope payload;                         ///< of all entries; shared by every store that carries them
  std::vector<std::uint64_t> tickets;   ///< of offsets first, first + 1, …
  std::uint64_t message_bytes = 0;      ///< exact size of a store message with it
  std::vector<delivery> deliveries;     ///< by member of the nodeset
  std::uint32_t wave = 1;               ///< the present attempt to reach a write quorum
  bool failed_in_wave = false;          ///< some store of the present wave failed
  bool wave_over = false;               ///< nobody is asked any more and there is no quorum

  [[nodiscard]] std::size_t stored_count() const;
  [[nodiscard]] std::size_t in_flight_count() const;
};

/// What all entries of a segment share.
struct entry_origin {
  wire::segment_id segment;
  wire::generation_t generation = 0;
  std::uint64_t timestamp_ms = 0;
};

/// Gives `records` the offsets from `first` on and encodes their headers.
batch make_batch(std::vector<admitted_record> records, wire::offset_t first, const entry_origin &origin,
                 std::size_t members);

} // namespace outsize::host
