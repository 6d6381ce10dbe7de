#include "fuzz/memory_meter.hpp"

#include <cstdlib>
#include <malloc.h>
#include <new>

#ifndef OUTSIZE_SANITIZED // a sanitizer has an operator new of its own

namespace {

thread_local bool metering = false;
thread_local std::uint64_t held_bytes = 0;
thread_local std::uint64_t highest = 0;

void *allocate(std::size_t bytes) {
  void *made = std::malloc(bytes == 0 ? 1 : bytes);
  if (made == nullptr) {
    throw std::bad_alloc();
  }
  if (metering) {
    held_bytes += malloc_usable_size(made);
    highest = held_bytes > highest ? held_bytes : highest;
  }
  return made;
}

void release(void *what) noexcept {
  if (metering && what != nullptr) {
    const std::uint64_t bytes = malloc_usable_size(what);
    held_bytes -= bytes < held_bytes ? bytes : held_bytes; // what was allocated before may be freed meanwhile
  }
  std::free(what);
}

} // namespace

void *operator new(std::size_t bytes) {
  return allocate(bytes);
}
void *operator new[](std::size_t bytes) {
  return allocate(bytes);
}
void operator delete(void *what) noexcept {
  release(what);
}
void operator delete[](void *what) noexcept {
  release(what);
}
void operator delete(void *what, std::size_t) noexcept {
  release(what);
}
void operator delete[](void *what, std::size_t) noexcept {
  release(what);
}

namespace outsize::fuzz {

memory_meter::memory_meter() {
  held_bytes = highest = 0;
  metering = true;
}

memory_meter::~memory_meter() {
  metering = false;
}

std::uint64_t memory_meter::highest_bytes() const {
  return highest;
}

bool memory_meter::measures() {
  return true;
}

} // namespace outsize::fuzz

#else

namespace outsize::fuzz {

memory_meter::memory_meter() = default;
memory_meter::~memory_meter() = default;

std::uint64_t memory_meter::highest_bytes() const { // NOLINT(readability-convert-member-functions-to-static)
  return 0;
}

bool memory_meter::measures() {
  return false;
}

} // namespace outsize::fuzz

#endif
