#include "host/logserver/entry_check.hpp"

#include "host/logserver/store_check.hpp"

#include <outsize/wire/codec.hpp>
#include <outsize/wire/limits.hpp>

#include <fmt/format.h>

#include <utility>

namespace outsize::host {
namespace {

error damaged(const segment_id &segment, offset_t offset, std::string_view why) {
  return make_error(code::checksum_mismatch,
                    fmt::format("the entry at {} of {} is damaged: {}", offset, name_of(segment), why));
}

} // namespace

result<wire::entry_header> check_entry_header(const segment_id &segment, const read_entry &entry) {
  if (entry.bytes.size() < wire::entry_header_bytes) {
    return damaged(segment, entry.offset, entry.bytes.empty() ? "unreadable" : "cut short");
  }
  auto header = wire::decode_entry_header(header_of(entry).span());
  if (!header) {
    return damaged(segment, entry.offset, header.error().text);
  }
  if (header->segment != segment || header->offset != entry.offset) {
    return damaged(segment, entry.offset,
                   fmt::format("it belongs to {} at {}", name_of(header->segment), header->offset));
  }
  return header;
}

result<wire::entry_header> check_whole_entry(const segment_id &segment, const read_entry &entry) {
  auto header = check_entry_header(segment, entry);
  if (!header) {
    return header;
  }
  if (auto intact = wire::verify_entry(*header, rope(body_of(entry))); !intact) {
    return damaged(segment, entry.offset, intact.error().text);
  }
  return header;
}

buffer header_of(const read_entry &entry) {
  return entry.bytes.slice(0, wire::entry_header_bytes);
}

buffer body_of(const read_entry &entry) {
  return entry.bytes.slice(wire::entry_header_bytes, entry.bytes.size() - wire::entry_header_bytes);
}

} // namespace outsize::host
