#include "host/sequencer/piece_check.hpp"

#include "host/core/check.hpp"

#include <fmt/format.h>

namespace outsize::host {

piece_check::piece_check(const buffer &record_header, std::uint64_t payload_bytes, std::uint64_t piece_bytes)
    : payload_bytes_(payload_bytes), piece_bytes_(piece_bytes),
      pieces_(static_cast<std::uint32_t>(payload_bytes / piece_bytes + (payload_bytes % piece_bytes != 0 ? 1 : 0))) {
  OUTSIZE_CHECK(payload_bytes / piece_bytes < UINT32_MAX, "admission bounds the number of pieces");
  whole_.add(record_header.span());
}

std::uint64_t piece_check::bytes_of_next() const {
  if (next_ >= pieces_) {
    return 0;
  }
  return next_ + 1 == pieces_ ? payload_bytes_ - next_ * piece_bytes_ : piece_bytes_;
}

result<void> piece_check::take(std::uint32_t index, const wire::digest &content, const rope &bytes) {
  if (index != next_ || next_ >= pieces_) {
    return make_error(code::malformed,
                      fmt::format("piece {} came, {} of {} were taken before it", index, next_, pieces_));
  }
  if (bytes.size() != bytes_of_next()) {
    return size_error(code::malformed,
                      fmt::format("piece {} of {} has {} bytes, {} were announced for it", index, pieces_, bytes.size(),
                                  bytes_of_next()),
                      bytes.size(), bytes_of_next());
  }
  if (wire::digest_of(bytes) != content) {
    return make_error(code::checksum_mismatch,
                      fmt::format("piece {} of {} does not match the digest that came with it", index, pieces_));
  }
  whole_.add(bytes);
  ++next_;
  return {};
}

result<void> piece_check::finish(const wire::digest &content) const {
  if (next_ != pieces_) {
    return make_error(code::malformed, fmt::format("the record ends after {} of {} pieces", next_, pieces_));
  }
  if (whole_.value() != content) {
    return make_error(code::checksum_mismatch,
                      "record header and payload, as they came, do not match the digest of the whole record");
  }
  return {};
}

} // namespace outsize::host
