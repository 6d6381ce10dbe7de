#include <outsize/suite/blob_verbs.hpp>

#include <algorithm>

namespace outsize::suite {

blob_bytes blob_noise(std::uint64_t size, std::uint64_t seed) {
  blob_bytes made(size);
  std::uint64_t state = seed * 0x9e3779b97f4a7c15U + 1;
  for (std::uint8_t &byte : made) {
    state ^= state << 13U;
    state ^= state >> 7U;
    state ^= state << 17U;
    byte = static_cast<std::uint8_t>(state);
  }
  return made;
}

result<void> put_blob(blob_store_handle &store, const std::string &key, std::span<const std::uint8_t> bytes,
                      std::uint64_t announced, std::size_t piece_bytes) {
  result<blob_upload> upload = store.begin({}, key, announced);
  if (!upload) {
    return std::move(upload).error();
  }
  while (!bytes.empty()) {
    const auto piece = bytes.first(std::min(bytes.size(), piece_bytes));
    if (result<void> took = upload->chunk({}, piece); !took) {
      return took;
    }
    bytes = bytes.subspan(piece.size());
  }
  return (*std::move(upload)).finish({});
}

result<blob_bytes> read_blob(blob_store_handle &store, const std::string &key, std::size_t piece_bytes) {
  blob_bytes whole;
  for (;;) {
    const std::size_t from = whole.size();
    whole.resize(from + piece_bytes);
    const result<std::uint64_t> got = store.get({}, key, from, std::span(whole).subspan(from));
    if (!got) {
      return got.error();
    }
    whole.resize(from + std::min<std::uint64_t>(*got, piece_bytes));
    if (*got < piece_bytes) {
      return whole;
    }
  }
}

result<std::vector<std::string>> list_blobs(blob_store_handle &store, const std::string &prefix) {
  std::vector<std::string> keys;
  const result<void> listed = store.list({}, prefix, [&](const std::string &key, const blob_info &) {
    keys.push_back(key);
    return true;
  });
  return listed ? result<std::vector<std::string>>(std::move(keys)) : listed.error();
}

} // namespace outsize::suite
