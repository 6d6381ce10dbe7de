#include "outbox.hpp"

#include "frame.hpp"

#include <algorithm>
#include <cstring>

namespace outsize::tcp {

namespace {

constexpr std::uint64_t copied_bytes_max = 4096;      // a frame up to this size is copied
constexpr std::uint64_t batch_bytes_max = 64U << 10U; // small messages in one piece of memory

} // namespace

send_outcome outbox::push(std::span<const buffer> parts, std::uint64_t message_bytes, std::uint64_t token) {
  const std::uint64_t header_bytes = frame_header_bytes(parts.size());
  const std::uint64_t frame_bytes = header_bytes + message_bytes;
  if (!has_room(frame_bytes)) {
    wanted_ = wanted_ == 0 ? frame_bytes : std::min(wanted_, frame_bytes);
    return send_outcome::busy;
  }
  queued_bytes_ += frame_bytes;
  if (frame_bytes <= copied_bytes_max) {
    copy(parts, frame_bytes);
    return send_outcome::done;
  }
  entry &made = queue_.emplace_back();
  made.head.resize(header_bytes);
  write_frame_header(parts, made.head.data());
  made.parts.assign(parts.begin(), parts.end());
  made.bytes = frame_bytes;
  made.token = token;
  made.messages = 1;
  made.completes = true;
  return send_outcome::queued;
}

void outbox::copy(std::span<const buffer> parts, std::uint64_t frame_bytes) {
  if (queue_.empty() || queue_.back().completes || queue_.back().bytes + frame_bytes > batch_bytes_max) {
    entry &made = queue_.emplace_back();
    made.head = std::move(spare_);
    made.head.clear();
  }
  entry &batch = queue_.back();
  const std::size_t start = batch.head.size();
  batch.head.resize(start + frame_bytes);
  std::uint8_t *to = batch.head.data() + start;
  write_frame_header(parts, to);
  to += frame_header_bytes(parts.size());
  for (const buffer &part : parts) {
    if (!part.empty()) {
      std::memcpy(to, part.data(), part.size());
      to += part.size();
    }
  }
  batch.bytes += frame_bytes;
  ++batch.messages;
}

std::size_t outbox::gather(std::span<iovec> into) const {
  std::size_t count = 0;
  std::uint64_t skip = front_written_;
  const auto add = [&](const std::uint8_t *data, std::uint64_t size) {
    const std::uint64_t skipped = std::min(skip, size);
    skip -= skipped;
    if (size > skipped && count < into.size()) {
      into[count++] = {const_cast<std::uint8_t *>(data) + skipped, static_cast<std::size_t>(size - skipped)};
    }
  };
  for (const entry &one : queue_) {
    if (count == into.size()) {
      break;
    }
    add(one.head.data(), one.head.size());
    for (const buffer &part : one.parts) {
      add(part.data(), part.size());
    }
  }
  return count;
}

void outbox::wrote(std::uint64_t bytes, std::vector<std::uint64_t> &completed) {
  front_written_ += bytes;
  while (!queue_.empty() && front_written_ >= queue_.front().bytes) {
    entry &done = queue_.front();
    front_written_ -= done.bytes;
    queued_bytes_ -= done.bytes;
    messages_written_ += done.messages;
    if (done.completes) {
      completed.push_back(done.token);
    } else {
      spare_ = std::move(done.head);
    }
    queue_.pop_front();
  }
}

void outbox::drop(std::vector<std::uint64_t> &dropped) {
  for (const entry &one : queue_) {
    if (one.completes) {
      dropped.push_back(one.token);
    }
  }
  queue_.clear();
  front_written_ = 0;
  queued_bytes_ = 0;
}

bool outbox::is_writable() const {
  // Not at the first free byte: the host would be woken for each message.
  const bool low = queue_.empty() || queued_bytes_ <= queued_bytes_max_ / 4 * 3;
  return wanted_ != 0 && low && has_room(wanted_);
}

bool outbox::has_room(std::uint64_t bytes) const {
  return queue_.empty() || queued_bytes_ + bytes <= queued_bytes_max_;
}

} // namespace outsize::tcp
