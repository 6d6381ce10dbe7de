// The records of the floor: slices of one random stretch, as `outsize bench` makes them, each behind its length.
//
// On the wire and in the file a record is its length (4 bytes, little-endian) and its bytes; nothing else is written.
#pragma once

#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <vector>

namespace outsize::floor_bench {

inline constexpr std::uint64_t length_bytes = 4;
/// Records start at different bytes of the stretch, so that equal sizes differ.
inline constexpr std::uint64_t shift_max = 4096;

class records {
public:
  explicit records(std::uint32_t record_bytes) : record_bytes_(record_bytes), bytes_(record_bytes + shift_max) {
    std::mt19937_64 source(std::random_device{}());
    for (std::uint8_t &byte : bytes_) {
      byte = static_cast<std::uint8_t>(source());
    }
  }

  [[nodiscard]] std::uint32_t record_bytes() const { return record_bytes_; }
  /// With its length.
  [[nodiscard]] std::uint64_t stored_bytes() const { return length_bytes + record_bytes_; }
  /// The record with this number, from 0.
  [[nodiscard]] std::span<const std::uint8_t> at(std::uint64_t number) const {
    return std::span(bytes_).subspan((number * 2'654'435'761U) % shift_max, record_bytes_);
  }

private:
  std::uint32_t record_bytes_;
  std::vector<std::uint8_t> bytes_;
};

} // namespace outsize::floor_bench
