#include "arrival.hpp"

#include "limits.hpp"

#include <atomic>
#include <cstdint>
#include <utility>

namespace outsize::zeromq {

namespace {

struct held_frame {
  zmq::message_t frame;
  std::atomic<std::uint64_t> references{1};
};

void retain(void *owner) {
  static_cast<held_frame *>(owner)->references.fetch_add(1, std::memory_order_relaxed);
}

void release(void *owner) {
  auto *held = static_cast<held_frame *>(owner);
  if (held->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    delete held;
  }
}

} // namespace

buffer to_buffer(zmq::message_t &&frame) {
  if (frame.size() <= read_ahead_bytes) {
    return buffer::copy_of({static_cast<const std::uint8_t *>(frame.data()), frame.size()});
  }
  auto *held = new held_frame{std::move(frame), {1}};
  outsize_part part{};
  part.data = static_cast<const std::uint8_t *>(held->frame.data());
  part.size = held->frame.size();
  part.owner = held;
  part.retain = &retain;
  part.release = &release;
  return buffer::adopt(part);
}

} // namespace outsize::zeromq
