#include "host/logserver/store_check.hpp"

#include "host/logserver/kind_check.hpp"

#include <outsize/wire/codec.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace outsize::host {
namespace {

/// Hands out a rope from the front, without walking it again for each stretch.
class rope_reader {
public:
  explicit rope_reader(const rope &from) : from_(from), left_(from.size()) {}

  [[nodiscard]] std::uint64_t left() const { return left_; }
  /// At most left().
  rope take(std::uint64_t count) {
    left_ -= count;
    rope taken;
    while (count > 0) {
      const buffer &part = from_.parts()[part_];
      const std::uint64_t bytes = std::min(count, part.size() - at_);
      taken.append(part.slice(at_, bytes));
      count -= bytes;
      at_ += bytes;
      if (at_ == part.size()) {
        ++part_;
        at_ = 0;
      }
    }
    return taken;
  }

private:
  const rope &from_;
  std::size_t part_ = 0;
  std::uint64_t at_ = 0;
  std::uint64_t left_;
};

error malformed(const segment_id &segment, std::string text) {
  return make_error(code::malformed, fmt::format("a store to {}: {}", name_of(segment), std::move(text)));
}

result<void> check_shape(const wire::store &message) {
  const std::size_t count = message.entry_headers.size();
  if (message.segment.log == 0) {
    return malformed(message.segment, "0 is no log");
  }
  if (count == 0) {
    return malformed(message.segment, "no entries");
  }
  if (message.first == wire::no_offset || message.first > std::numeric_limits<offset_t>::max() - count) {
    return malformed(message.segment, fmt::format("{} is no first offset of {} entries", message.first, count));
  }
  return {};
}

result<void> check_address(const wire::store &message, const wire::entry_header &header, offset_t offset) {
  if (header.segment != message.segment) {
    return malformed(message.segment, fmt::format("the entry for {} belongs to {}", offset, name_of(header.segment)));
  }
  if (header.offset != offset) {
    return malformed(message.segment, fmt::format("the entry for {} says {}", offset, header.offset));
  }
  return {};
}

result<checked_entry> check_entry(const wire::store &message, const buffer &encoded, offset_t offset,
                                  rope_reader &payload) {
  const auto header = wire::decode_entry_header(encoded.span());
  if (!header) {
    return header.error();
  }
  if (auto right = check_address(message, *header, offset); !right) {
    return std::move(right).error();
  }
  if (header->payload_bytes > payload.left() || header->record_header_bytes > payload.left() - header->payload_bytes) {
    return malformed(message.segment, fmt::format("the payload ends inside the entry at {}", offset));
  }
  rope body = payload.take(header->record_header_bytes + header->payload_bytes);
  if (auto intact = wire::verify_entry(*header, body); !intact) {
    return std::move(intact).error();
  }
  if (const auto wrong = what_is_wrong_with(*header, body)) {
    return malformed(message.segment, fmt::format("the entry for {}: {}", offset, *wrong));
  }
  return checked_entry{offset, {header->generation, header->checksum}, encoded, std::move(body)};
}

} // namespace

entry_write checked_entry::to_write() const {
  entry_write made{offset, rope(header)};
  made.bytes.append(body);
  return made;
}

std::string name_of(const segment_id &segment) {
  return fmt::format("log {} segment {}", segment.log, segment.index);
}

result<checked_store> check_store(wire::store message, const rope &payload) {
  if (auto shaped = check_shape(message); !shaped) {
    return std::move(shaped).error();
  }
  checked_store checked;
  checked.entries.reserve(message.entry_headers.size());
  rope_reader from(payload);
  for (const buffer &encoded : message.entry_headers) {
    auto entry = check_entry(message, encoded, message.first + checked.entries.size(), from);
    if (!entry) {
      return std::move(entry).error();
    }
    checked.bytes += entry->bytes();
    checked.entries.push_back(*std::move(entry));
  }
  if (from.left() != 0) {
    return malformed(message.segment, fmt::format("{} bytes of payload belong to no entry", from.left()));
  }
  message.entry_headers.clear();
  checked.message = std::move(message);
  return checked;
}

} // namespace outsize::host
