// Immutable bytes with shared ownership: outsize_part with a destructor.
//
// Thread rule: distinct buffers may be used from any thread, also when they share their bytes; the count is atomic.
#pragma once

#include <outsize/abi/buffer.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace outsize {

class writable_buffer;

/// One stretch of bytes that never changes, and one reference to what keeps it alive. Copying takes another reference,
/// not another copy of the bytes.
class buffer {
public:
  buffer() = default;
  buffer(const buffer &other) : part_(other.part_) { retain(); }
  buffer(buffer &&other) noexcept : part_(std::exchange(other.part_, outsize_part{})) {}
  buffer &operator=(buffer other) noexcept {
    std::swap(part_, other.part_);
    return *this;
  }
  ~buffer() { release(); }

  /// Takes over the one reference that `part` carries.
  static buffer adopt(const outsize_part &part) {
    buffer made;
    made.part_ = part;
    return made;
  }
  /// Takes one more reference; `part` keeps its own.
  static buffer share(const outsize_part &part) {
    buffer made = adopt(part);
    made.retain();
    return made;
  }
  static buffer copy_of(std::span<const std::uint8_t> bytes);
  static buffer copy_of(std::string_view bytes) {
    return copy_of({reinterpret_cast<const std::uint8_t *>(bytes.data()), bytes.size()});
  }
  /// Bytes that live for ever, a string literal for instance.
  static buffer of_static(std::string_view bytes) {
    outsize_part part{};
    part.data = reinterpret_cast<const std::uint8_t *>(bytes.data());
    part.size = bytes.size();
    return adopt(part);
  }

  [[nodiscard]] const std::uint8_t *data() const { return part_.data; }
  [[nodiscard]] std::uint64_t size() const { return part_.size; }
  [[nodiscard]] bool empty() const { return part_.size == 0; }
  [[nodiscard]] std::span<const std::uint8_t> span() const {
    return {part_.data, static_cast<std::size_t>(part_.size)};
  }
  [[nodiscard]] std::string_view text() const {
    return {reinterpret_cast<const char *>(part_.data), static_cast<std::size_t>(part_.size)};
  }

  /// `count` bytes from `from`, sharing this buffer's bytes. The range must lie inside.
  [[nodiscard]] buffer slice(std::uint64_t from, std::uint64_t count) const {
    buffer made = *this;
    made.part_.data += from;
    made.part_.size = count;
    return made;
  }

  /// True when `next` begins where this one ends, in the same allocation: the two can be joined without a copy.
  [[nodiscard]] bool is_followed_by(const buffer &next) const {
    return part_.owner != nullptr && part_.owner == next.part_.owner && part_.data + part_.size == next.part_.data;
  }
  /// Takes in `count` bytes that follow in the same allocation; only after is_followed_by.
  void extend(std::uint64_t count) { part_.size += count; }

  /// A look at the part; its reference stays with this buffer.
  [[nodiscard]] const outsize_part &part() const { return part_; }
  /// Hands the reference over to the caller and leaves this buffer empty.
  [[nodiscard]] outsize_part detach() { return std::exchange(part_, outsize_part{}); }

private:
  friend class writable_buffer;
  void retain() {
    if (part_.owner != nullptr) {
      part_.retain(part_.owner);
    }
  }
  void release() {
    if (part_.owner != nullptr) {
      part_.release(part_.owner);
    }
  }
  outsize_part part_{};
};

/// Memory that is filled once and then becomes a buffer. One allocation: count and bytes lie together.
class writable_buffer {
public:
  writable_buffer() = default;
  /// `size` bytes, uninitialised. Throws std::bad_alloc.
  explicit writable_buffer(std::uint64_t size) : size_(size) { grow(size); }
  writable_buffer(writable_buffer &&other) noexcept
      : block_(std::exchange(other.block_, nullptr)), size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  writable_buffer &operator=(writable_buffer &&other) noexcept {
    std::swap(block_, other.block_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~writable_buffer() { std::free(block_); }

  [[nodiscard]] std::uint8_t *data() { return block_ == nullptr ? nullptr : bytes_of(block_); }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] std::uint64_t capacity() const { return capacity_; }

  /// Room for at least `capacity` bytes; the first size() bytes are kept. Throws std::bad_alloc.
  void grow(std::uint64_t capacity) {
    if (capacity <= capacity_ && block_ != nullptr) {
      return;
    }
    void *grown = std::realloc(block_, sizeof(head) + static_cast<std::size_t>(capacity));
    if (grown == nullptr) {
      throw std::bad_alloc();
    }
    block_ = static_cast<head *>(grown);
    capacity_ = capacity;
  }
  /// At most capacity().
  void set_size(std::uint64_t size) { size_ = size; }
  void append(std::span<const std::uint8_t> bytes) {
    if (bytes.empty()) {
      return;
    }
    if (size_ + bytes.size() > capacity_) {
      grow(std::max<std::uint64_t>(size_ + bytes.size(), capacity_ * 2));
    }
    std::memcpy(data() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }

  /// Ends the writing; this object is empty afterwards.
  [[nodiscard]] buffer freeze() && {
    if (block_ == nullptr) {
      return {};
    }
    head *block = new (std::exchange(block_, nullptr)) head{};
    outsize_part part{};
    part.data = bytes_of(block);
    part.size = std::exchange(size_, 0);
    part.owner = block;
    part.retain = [](void *owner) { static_cast<head *>(owner)->references.fetch_add(1, std::memory_order_relaxed); };
    part.release = [](void *owner) {
      if (static_cast<head *>(owner)->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        std::free(owner);
      }
    };
    capacity_ = 0;
    return buffer::adopt(part);
  }

private:
  struct alignas(16) head {
    std::atomic<std::uint64_t> references{1};
  };
  static std::uint8_t *bytes_of(head *block) { return reinterpret_cast<std::uint8_t *>(block + 1); }
  head *block_ = nullptr;
  std::uint64_t size_ = 0;
  std::uint64_t capacity_ = 0;
};

inline buffer buffer::copy_of(std::span<const std::uint8_t> bytes) {
  writable_buffer made(bytes.size());
  if (!bytes.empty()) {
    std::memcpy(made.data(), bytes.data(), bytes.size());
  }
  return std::move(made).freeze();
}

/// Bytes in several stretches, in order. What crosses part boundaries on the way is never joined by copying.
class rope {
public:
  rope() = default;
  rope(buffer only) { append(std::move(only)); } // NOLINT(google-explicit-constructor)

  /// Joins stretches that already lie side by side.
  void append(buffer next) {
    if (next.empty()) {
      return;
    }
    size_ += next.size();
    if (!parts_.empty() && parts_.back().is_followed_by(next)) {
      parts_.back().extend(next.size());
      return;
    }
    parts_.push_back(std::move(next));
  }
  void append(const rope &next) {
    for (const buffer &part : next.parts_) {
      append(part);
    }
  }

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] const std::vector<buffer> &parts() const { return parts_; }

  /// `count` bytes from `from`, sharing the bytes. The range must lie inside.
  [[nodiscard]] rope slice(std::uint64_t from, std::uint64_t count) const {
    rope made;
    for (const buffer &part : parts_) {
      if (count == 0) {
        break;
      }
      if (from >= part.size()) {
        from -= part.size();
        continue;
      }
      const std::uint64_t taken = std::min(count, part.size() - from);
      made.append(part.slice(from, taken));
      count -= taken;
      from = 0;
    }
    return made;
  }

  /// The bytes in one stretch: itself when it is one, else a copy.
  [[nodiscard]] buffer flatten() const {
    if (parts_.empty()) {
      return {};
    }
    if (parts_.size() == 1) {
      return parts_.front();
    }
    writable_buffer made(size_);
    std::uint8_t *to = made.data();
    for (const buffer &part : parts_) {
      std::memcpy(to, part.data(), part.size());
      to += part.size();
    }
    return std::move(made).freeze();
  }

private:
  std::vector<buffer> parts_;
  std::uint64_t size_ = 0;
};

} // namespace outsize
