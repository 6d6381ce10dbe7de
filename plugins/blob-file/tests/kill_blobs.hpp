// What both sides of the kill test know of each other's blobs.
#pragma once

#include <outsize/suite/blob_verbs.hpp>

#include <cstdint>
#include <string>

namespace outsize::blob_file::test {

/// What a writer says of one blob whose finish has returned.
struct finished_blob {
  std::uint64_t seed;
  std::uint64_t number;
};

/// Mostly small, now and then one of more than a MiB.
inline std::uint64_t kill_blob_bytes(std::uint64_t number) {
  const std::uint64_t mixed = number * 0x9e3779b97f4a7c15ULL >> 40U;
  return mixed % 11 == 0 ? 1'200'000 + mixed % 1000 : mixed % 50'000;
}

inline std::string kill_blob_key(const finished_blob &of) {
  return "log-" + std::to_string(of.seed) + "/" + std::to_string(of.number / 8) + "/" + std::to_string(of.number);
}

inline suite::blob_bytes kill_blob(const finished_blob &of) {
  return suite::blob_noise(kill_blob_bytes(of.number), of.seed * 1'000'003 + of.number);
}

} // namespace outsize::blob_file::test
