// Putting, reading and listing whole blobs, for cases and for programs that a test starts.
//
// Thread rule: any thread, several at once.
#pragma once

#include <outsize/blob_store_handle.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace outsize::suite {

using blob_bytes = std::vector<std::uint8_t>;

/// `size` bytes that look random, the same ones for the same seed.
blob_bytes blob_noise(std::uint64_t size, std::uint64_t seed);

/// Puts `bytes` in pieces of `piece_bytes` under a put that announced `announced` of them.
result<void> put_blob(blob_store_handle &store, const std::string &key, std::span<const std::uint8_t> bytes,
                      std::uint64_t announced, std::size_t piece_bytes = 64U << 10U);
/// The whole blob, read in pieces of `piece_bytes`.
result<blob_bytes> read_blob(blob_store_handle &store, const std::string &key, std::size_t piece_bytes = 64U << 10U);
/// Keys with that prefix, in the order told.
result<std::vector<std::string>> list_blobs(blob_store_handle &store, const std::string &prefix);

} // namespace outsize::suite
