#include "inbox.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace outsize::tcp {

inbox::step inbox::next(std::span<const std::uint8_t> &bytes) {
  switch (phase_) {
  case phase::waiting:
    return step::waiting;
  case phase::body:
    return fill_body(bytes);
  case phase::header:
    break;
  }
  switch (read_header(bytes)) {
  case header_state::partial:
    return step::hungry;
  case header_state::malformed:
    return step::malformed;
  case header_state::complete:
    break;
  }
  return declared_bytes_ > limit_bytes_ ? step::oversize : open_body(bytes);
}

std::vector<buffer> inbox::take_message() {
  if (std::exchange(holds_budget_, false)) {
    budget_.release(link_);
  }
  phase_ = phase::header;
  const buffer whole = std::move(body_).freeze();
  std::vector<buffer> parts;
  parts.reserve(lengths_.size());
  std::uint64_t at = 0;
  for (const std::uint64_t length : lengths_) {
    parts.push_back(whole.slice(at, length));
    at += length;
  }
  return parts;
}

std::span<std::uint8_t> inbox::room() {
  if (phase_ != phase::body) {
    return {};
  }
  if (body_.size() == body_.capacity()) {
    body_.grow(std::min(declared_bytes_, std::max(body_at_once_max, 2 * body_.capacity())));
  }
  return {body_.data() + body_.size(), static_cast<std::size_t>(body_.capacity() - body_.size())};
}

void inbox::filled(std::uint64_t count) {
  body_.set_size(body_.size() + count);
}

inbox::header_state inbox::read_header(std::span<const std::uint8_t> &bytes) {
  if (!header_.empty() || bytes.size() < frame_start_bytes) {
    return read_split_header(bytes);
  }
  if (!read_start(bytes.data())) {
    return header_state::malformed;
  }
  const std::uint64_t header_bytes = frame_header_bytes(lengths_.size());
  if (bytes.size() < header_bytes) {
    return read_split_header(bytes);
  }
  declared_bytes_ = read_frame_lengths(bytes.data() + frame_start_bytes, lengths_);
  bytes = bytes.subspan(header_bytes);
  return header_state::complete;
}

inbox::header_state inbox::read_split_header(std::span<const std::uint8_t> &bytes) {
  if (header_.size() < frame_start_bytes) {
    if (!collect(bytes, frame_start_bytes)) {
      return header_state::partial;
    }
    if (!read_start(header_.data())) {
      return header_state::malformed;
    }
  }
  if (!collect(bytes, frame_header_bytes(lengths_.size()))) {
    return header_state::partial;
  }
  declared_bytes_ = read_frame_lengths(header_.data() + frame_start_bytes, lengths_);
  header_.clear();
  return header_state::complete;
}

bool inbox::collect(std::span<const std::uint8_t> &bytes, std::uint64_t header_bytes) {
  const std::size_t taken = std::min<std::size_t>(bytes.size(), header_bytes - header_.size());
  header_.insert(header_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(taken));
  bytes = bytes.subspan(taken);
  return header_.size() == header_bytes;
}

bool inbox::read_start(const std::uint8_t *from) {
  const result<std::uint32_t> count = read_frame_start(std::span<const std::uint8_t, frame_start_bytes>(from, 8));
  if (!count) {
    why_ = count.error();
    return false;
  }
  lengths_.resize(count.value());
  return true;
}

inbox::step inbox::open_body(std::span<const std::uint8_t> &bytes) {
  body_ = writable_buffer();
  if (bytes.size() >= declared_bytes_) { // it has come in whole: nothing is held for it
    phase_ = phase::body;
    body_.grow(declared_bytes_);
    return fill_body(bytes);
  }
  if (!budget_.reserve(link_, declared_bytes_)) {
    phase_ = phase::waiting;
    return step::waiting;
  }
  granted();
  return fill_body(bytes);
}

inbox::step inbox::fill_body(std::span<const std::uint8_t> &bytes) {
  while (!bytes.empty() && body_.size() < declared_bytes_) {
    const std::span<std::uint8_t> to = room();
    const std::size_t taken = std::min(bytes.size(), to.size());
    std::memcpy(to.data(), bytes.data(), taken);
    filled(taken);
    bytes = bytes.subspan(taken);
  }
  return is_whole() ? step::message : step::hungry;
}

} // namespace outsize::tcp
