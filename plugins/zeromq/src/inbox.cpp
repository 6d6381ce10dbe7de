#include "inbox.hpp"

#include "limits.hpp"

#include <algorithm>

namespace outsize::zeromq {

namespace {

error malformed(const std::string &text) {
  return make_error(code::malformed, text);
}

/// The part of `frame` that `inside` points to.
buffer within(const buffer &frame, std::span<const std::uint8_t> inside) {
  return inside.empty() ? buffer()
                        : frame.slice(static_cast<std::uint64_t>(inside.data() - frame.data()), inside.size());
}

} // namespace

result<void> inbox::admit(std::uint64_t frame_bytes) {
  arrived_ += frame_bytes + frame_cost_bytes;
  if (arrived_ > announced_) {
    return malformed("the peer sent " + std::to_string(arrived_ - announced_) + " bytes more than its credit");
  }
  if (!held_) {
    taken_ = arrived_;
  }
  return {};
}

result<void> inbox::take_head(head_body &&head, const frame_view &frame, const buffer &bytes) {
  if (begun_) {
    return malformed("a message begins inside of another");
  }
  if (result<void> admitted = admit(bytes.size()); !admitted) {
    return admitted;
  }
  const buffer leading = within(bytes, head.leading);
  begin(std::move(head));
  if (result<void> taken = take_bytes(leading); !taken) {
    return taken;
  }
  return expect_raw(frame.argument);
}

result<void> inbox::take_piece(const frame_view &frame, const buffer &bytes) {
  if (!begun_) {
    return malformed("a piece of no message");
  }
  if (frame.body.empty() && frame.argument == 0) {
    return malformed("a piece with nothing in it");
  }
  if (result<void> admitted = admit(bytes.size()); !admitted) {
    return admitted;
  }
  if (result<void> taken = take_bytes(within(bytes, frame.body)); !taken) {
    return taken;
  }
  return expect_raw(frame.argument);
}

result<void> inbox::take_raw(const buffer &bytes) {
  if (bytes.size() != raw_expected_) {
    return malformed("a raw frame of " + std::to_string(bytes.size()) + " bytes where " +
                     std::to_string(raw_expected_) + " were announced");
  }
  raw_expected_ = 0;
  if (result<void> admitted = admit(bytes.size()); !admitted) {
    return admitted;
  }
  return take_bytes(bytes);
}

result<void> inbox::expect_raw(std::uint32_t bytes) {
  if (bytes > piece_bytes_max_ || bytes > total_bytes_ - received_bytes_) {
    return malformed("a raw frame of " + std::to_string(bytes) + " bytes announced, " +
                     std::to_string(std::min(piece_bytes_max_, total_bytes_ - received_bytes_)) + " can be taken");
  }
  raw_expected_ = bytes;
  return {};
}

void inbox::begin(head_body &&head) {
  begun_ = true;
  sizes_ = std::move(head.sizes);
  total_bytes_ = head.total_bytes;
  received_bytes_ = 0;
  part_ = 0;
  parts_.clear();
  parts_.reserve(sizes_.size());
}

result<void> inbox::take_bytes(buffer bytes) {
  if (bytes.size() > total_bytes_ - received_bytes_) {
    return malformed("more bytes than the message declared");
  }
  received_bytes_ += bytes.size();
  while (part_ < sizes_.size() && (!bytes.empty() || sizes_[part_] == 0)) {
    take_slice(bytes);
  }
  return {};
}

void inbox::take_slice(buffer &bytes) {
  const std::uint64_t size = sizes_[part_];
  const std::uint64_t count = std::min(size - growing_.size(), bytes.size());
  if (count == size) {
    parts_.push_back(bytes.slice(0, count));
  } else {
    const std::uint64_t filled = growing_.size() + count;
    growing_.grow(std::min(size, filled + std::min(filled, growth_bytes_max)));
    growing_.append(bytes.span().first(count));
    if (filled == size) {
      parts_.push_back(std::move(growing_).freeze());
      growing_ = writable_buffer();
    }
  }
  part_ += parts_.size() > part_ ? 1 : 0;
  bytes = bytes.slice(count, bytes.size() - count);
}

std::vector<buffer> inbox::take_message() {
  begun_ = false;
  sizes_.clear();
  total_bytes_ = 0;
  return std::exchange(parts_, {});
}

void inbox::hold(bool on) {
  held_ = on;
  if (!on) {
    taken_ = arrived_;
  }
}

std::optional<std::uint64_t> inbox::take_credit() {
  const std::uint64_t due = taken_ + window_bytes_;
  if (due - announced_ < credit_step(window_bytes_)) {
    return std::nullopt;
  }
  announced_ = due;
  return due;
}

} // namespace outsize::zeromq
