// The marker of a blob store: a small blob by which every node knows that it sees the same store as the others. The
// metadata records its id; a store with another one, or without, is refused.
//
// Thread rule: plain values, pure functions.
#pragma once

#include <outsize/result.hpp>
#include <outsize/wire/types.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace outsize::host {

struct blob_marker {
  std::string id;      ///< 32 hexadecimal digits, random
  std::string cluster; ///< id of the cluster that made it, in hex
  std::string store;   ///< configured name of the store there
  bool operator==(const blob_marker &) const = default;
};

/// Larger is no marker.
inline constexpr std::uint64_t blob_marker_bytes_max = 1024;

/// JSON, so that people who find one can read it; at most blob_marker_bytes_max long.
std::string encode(const blob_marker &marker);
/// blob_corrupt when it is none.
result<blob_marker> decode_blob_marker(std::string_view text);

std::string to_hex(const wire::cluster_id &cluster);

} // namespace outsize::host
