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
  explicit records(std::uint32_t largest_bytes) : bytes_(largest_bytes + shift_max) {
    std::mt19937_64 source(std::random_device{}());
    for (std::uint8_t &byte : bytes_) {
      byte = static_cast<std::uint8_t>(source());
    }
  }

  /// The next record, not larger than the largest.
  void add(std::uint32_t record_bytes) { ends_.push_back(end_of(count()) + length_bytes + record_bytes); }
  [[nodiscard]] std::uint64_t count() const { return ends_.size(); }
  /// Bytes of the first `count` records on the wire and in the file.
  [[nodiscard]] std::uint64_t end_of(std::uint64_t count) const { return count == 0 ? 0 : ends_[count - 1]; }
  /// Of the record with this number, from 0.
  [[nodiscard]] std::uint32_t record_bytes(std::uint64_t number) const {
    return static_cast<std::uint32_t>(end_of(number + 1) - end_of(number) - length_bytes);
  }
  [[nodiscard]] std::span<const std::uint8_t> at(std::uint64_t number) const {
    return std::span(bytes_).subspan((number * 2'654'435'761U) % shift_max, record_bytes(number));
  }

private:
  std::vector<std::uint8_t> bytes_;
  std::vector<std::uint64_t> ends_; ///< by number: bytes up to the end of that record
};

} // namespace outsize::floor_bench
