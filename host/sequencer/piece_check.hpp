// Holds the pieces of one record to what its client declared: their order, their sizes, their digests, and at the end
// the digest of the whole.
//
// Thread rule: one thread.
#pragma once

#include <outsize/buffer.hpp>
#include <outsize/result.hpp>
#include <outsize/wire/codec.hpp>

#include <cstdint>

namespace outsize::host {

class piece_check {
public:
  /// Pieces of exactly `piece_bytes`, the last one of the rest; `record_header` is the beginning of the whole digest.
  piece_check(const buffer &record_header, std::uint64_t payload_bytes, std::uint64_t piece_bytes);

  /// malformed for a piece that is not the next or not of its size, checksum_mismatch for other bytes than it says.
  result<void> take(std::uint32_t index, const wire::digest &content, const rope &bytes);
  /// malformed before the last piece, checksum_mismatch for another record than `content` says.
  [[nodiscard]] result<void> finish(const wire::digest &content) const;

  [[nodiscard]] std::uint32_t pieces_taken() const { return next_; }
  [[nodiscard]] std::uint32_t pieces() const { return pieces_; }

private:
  [[nodiscard]] std::uint64_t bytes_of_next() const;

  std::uint64_t payload_bytes_;
  std::uint64_t piece_bytes_;
  std::uint32_t pieces_;
  std::uint32_t next_ = 0;
  wire::running_digest whole_;
};

} // namespace outsize::host
