// The value of an entry key in RocksDB: the entry itself, or where it lies and how it begins.
//
//   entry      0 (1), its bytes
//   reference  1 (1), file (8), position (8), length (8), the first wire::entry_header_bytes of the entry
//
// So what only wants headers never opens a bulk file, and a damaged one still says what was in it.
//
// Thread rule: free functions without state.
#pragma once

#include "host/storage/bulk_files.hpp"

#include <outsize/result.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace outsize::host {

inline constexpr char inline_tag = 0;
inline constexpr char reference_tag = 1;

std::string encode_reference(const bulk_place &place, const rope &entry);

/// What a value says; views share its bytes.
struct stored_value {
  std::string_view head;           ///< the entry, or its first bytes when it lies in a bulk file
  std::optional<bulk_place> place; ///< set when it does
};
/// Nothing when it is not what was written.
std::optional<stored_value> decode_value(std::string_view bytes);

} // namespace outsize::host
