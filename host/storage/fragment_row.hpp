// The row that a fragment of a split record has beside its entry: what every store derives from what it is given, so
// that no writer of entries can forget it (stores, repairs, catch-up and mending alike).
//
// Thread rule: free functions without state.
#pragma once

#include "host/storage/storage.hpp"

#include <outsize/wire/codec.hpp>
#include <outsize/wire/limits.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace outsize::host {

struct fragment_row {
  std::uint64_t set = 0;
  fragment_place place;
};

using entry_head = std::array<std::uint8_t, wire::entry_header_bytes>;

/// The first bytes of an entry that has as many; in `room` only when they come in several stretches.
inline std::span<const std::uint8_t> head_of(const rope &entry, entry_head &room) {
  if (entry.parts().front().size() >= room.size()) {
    return entry.parts().front().span().first(room.size());
  }
  std::size_t filled = 0;
  for (auto part = entry.parts().begin(); filled < room.size(); ++part) {
    const std::size_t bytes = std::min<std::size_t>(part->size(), room.size() - filled);
    std::copy_n(part->data(), bytes, room.begin() + static_cast<std::ptrdiff_t>(filled));
    filled += bytes;
  }
  return room;
}

/// The row of an entry; nothing for other entries, and for bytes that are no intact fragment of that segment and
/// offset: whoever reads them takes them for damage.
inline std::optional<fragment_row> fragment_row_of(const segment_id &segment, const entry_write &entry) {
  if (entry.bytes.size() < wire::entry_header_bytes) {
    return std::nullopt;
  }
  entry_head room;
  const auto head = head_of(entry.bytes, room);
  if (!wire::is_maybe_entry_of(wire::entry_kind::fragment, head)) {
    return std::nullopt;
  }
  const auto header = wire::decode_entry_header(head);
  if (!header || header->kind != wire::entry_kind::fragment || header->segment != segment ||
      header->offset != entry.offset) {
    return std::nullopt;
  }
  return fragment_row{header->set, {header->fragment_index, entry.offset}};
}

} // namespace outsize::host
