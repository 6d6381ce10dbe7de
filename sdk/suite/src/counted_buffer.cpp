#include <outsize/suite/counted_buffer.hpp>

namespace outsize::suite {

struct reference_count::owner {
  std::vector<std::uint8_t> bytes;
  std::shared_ptr<shared> count;
  std::atomic<std::int64_t> references{1};
};

buffer reference_count::make(std::vector<std::uint8_t> bytes) {
  auto *made = new owner{std::move(bytes), count_};
  count_->live.fetch_add(1);
  outsize_part part{};
  part.data = made->bytes.data();
  part.size = made->bytes.size();
  part.owner = made;
  part.retain = &retain;
  part.release = &release;
  return buffer::adopt(part);
}

void reference_count::retain(void *owner_pointer) {
  auto *self = static_cast<owner *>(owner_pointer);
  self->references.fetch_add(1);
  self->count->live.fetch_add(1);
}

void reference_count::release(void *owner_pointer) {
  auto *self = static_cast<owner *>(owner_pointer);
  const std::shared_ptr<shared> count = self->count; // outlives self
  const std::int64_t before = self->references.fetch_sub(1);
  if (before < 1 || count->live.fetch_sub(1) < 1) {
    count->over_released = true;
    return;
  }
  if (before == 1) {
    delete self;
  }
}

} // namespace outsize::suite
