#include "allocation_count.hpp"

#include <cstddef>

#if defined(__has_feature)
#define OUTSIZE_CLANG_SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define OUTSIZE_CLANG_SANITIZED 0
#endif

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !OUTSIZE_CLANG_SANITIZED
#define OUTSIZE_COUNTS_ALLOCATIONS 1
#else
#define OUTSIZE_COUNTS_ALLOCATIONS 0
#endif

#if OUTSIZE_COUNTS_ALLOCATIONS

// A program's own malloc goes before the library's, for the plugins too. The memory stays the library's, so that its
// free and everything else fit.
extern "C" {
void *__libc_malloc(std::size_t size);                    // NOLINT
void *__libc_calloc(std::size_t count, std::size_t size); // NOLINT
void *__libc_realloc(void *memory, std::size_t size);     // NOLINT

static __thread std::uint64_t outsize_allocations;

void *malloc(std::size_t size) {
  ++outsize_allocations;
  return __libc_malloc(size);
}
void *calloc(std::size_t count, std::size_t size) {
  ++outsize_allocations;
  return __libc_calloc(count, size);
}
void *realloc(void *memory, std::size_t size) {
  ++outsize_allocations;
  return __libc_realloc(memory, size);
}
}

namespace outsize::suite {

bool counts_allocations() {
  return true;
}

std::uint64_t allocations_so_far() {
  return outsize_allocations;
}

} // namespace outsize::suite

#else

namespace outsize::suite {

bool counts_allocations() {
  return false;
}

std::uint64_t allocations_so_far() {
  return 0;
}

} // namespace outsize::suite

#endif
