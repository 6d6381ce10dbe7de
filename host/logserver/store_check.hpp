// The form of a store message: everything that can be said without knowing what the server holds.
//
// Thread rule: free functions without state.
#pragma once

#include "host/storage/storage.hpp"

#include <outsize/result.hpp>
#include <outsize/wire/messages.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace outsize::host {

/// What makes two copies of an entry the same entry.
struct entry_identity {
  generation_t generation = 0;
  wire::digest checksum{};
  bool operator==(const entry_identity &) const = default;
};

/// An entry whose header and content were verified.
struct checked_entry {
  offset_t offset = 0;
  entry_identity identity;
  buffer header;
  rope body;

  [[nodiscard]] std::uint64_t bytes() const { return header.size() + body.size(); }
  [[nodiscard]] entry_write to_write() const;
};

/// A store message that follows the protocol.
struct checked_store {
  wire::store message;                ///< without its entry headers
  std::vector<checked_entry> entries; ///< at least one; offsets consecutive from message.first
  std::uint64_t bytes = 0;            ///< of all entries

  [[nodiscard]] offset_t end() const { return message.first + entries.size(); }
  [[nodiscard]] bool is_repair() const { return (message.flags & wire::store_is_repair) != 0; }
  [[nodiscard]] bool is_catch_up() const { return (message.flags & wire::store_is_catch_up) != 0; }
  [[nodiscard]] bool passes_a_seal() const { return is_repair() || is_catch_up(); }
};

/// `malformed` or `checksum_mismatch`, naming the entry.
result<checked_store> check_store(wire::store message, const rope &payload);

/// "log 7 segment 2", for error texts.
std::string name_of(const segment_id &segment);

} // namespace outsize::host
