#include <outsize/wire/codec.hpp>

#include <xxhash.h>

#include <cstring>
#include <memory>

namespace outsize::wire {
namespace {

digest canonical(const XXH128_hash_t &hash) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, hash);
  digest made;
  std::memcpy(made.data(), canonical.digest, made.size());
  return made;
}

struct state_deleter {
  void operator()(XXH3_state_t *state) const { XXH3_freeState(state); }
};

digest digest_of_many(const rope &bytes) {
  // One state a thread: half a KiB that would otherwise be allocated for each record.
  thread_local const std::unique_ptr<XXH3_state_t, state_deleter> state(XXH3_createState());
  XXH3_128bits_reset(state.get());
  for (const buffer &part : bytes.parts()) {
    XXH3_128bits_update(state.get(), part.data(), part.size());
  }
  return canonical(XXH3_128bits_digest(state.get()));
}

} // namespace

running_digest::running_digest() : state_(XXH3_createState()) {
  XXH3_128bits_reset(static_cast<XXH3_state_t *>(state_.get()));
}

void running_digest::state_deleter::operator()(void *state) const {
  XXH3_freeState(static_cast<XXH3_state_t *>(state));
}

void running_digest::add(std::span<const std::uint8_t> bytes) {
  XXH3_128bits_update(static_cast<XXH3_state_t *>(state_.get()), bytes.data(), bytes.size());
}

void running_digest::add(const rope &bytes) {
  for (const buffer &part : bytes.parts()) {
    add(part.span());
  }
}

digest running_digest::value() const {
  return canonical(XXH3_128bits_digest(static_cast<const XXH3_state_t *>(state_.get())));
}

digest digest_of(std::span<const std::uint8_t> bytes) {
  return canonical(XXH3_128bits(bytes.data(), bytes.size()));
}

digest digest_of(const rope &bytes) {
  if (bytes.parts().size() > 1) {
    return digest_of_many(bytes);
  }
  return digest_of(bytes.empty() ? std::span<const std::uint8_t>() : bytes.parts().front().span());
}

std::string to_hex(const digest &value) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  for (const std::uint8_t byte : value) {
    hex += digits[byte >> 4];
    hex += digits[byte & 0xf];
  }
  return hex;
}

} // namespace outsize::wire
