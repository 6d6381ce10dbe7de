#include "host/storage/stored_value.hpp"

#include "host/storage/big_endian.hpp"

#include <outsize/wire/limits.hpp>

#include <algorithm>

namespace outsize::host {
namespace {

constexpr std::size_t place_bytes = 3 * 8;

} // namespace

std::string encode_reference(const bulk_place &place, const rope &entry) {
  std::string bytes(1, reference_tag);
  append_number(bytes, place.file);
  append_number(bytes, place.position);
  append_number(bytes, place.bytes);
  const rope head = entry.slice(0, std::min(entry.size(), wire::entry_header_bytes));
  for (const buffer &part : head.parts()) {
    bytes.append(part.text());
  }
  return bytes;
}

std::optional<stored_value> decode_value(std::string_view bytes) {
  if (bytes.empty()) {
    return std::nullopt;
  }
  const char tag = bytes.front();
  bytes.remove_prefix(1);
  if (tag == inline_tag) {
    return stored_value{bytes, std::nullopt};
  }
  if (tag != reference_tag || bytes.size() < place_bytes) {
    return std::nullopt;
  }
  bulk_place place;
  place.file = take_number<std::uint64_t>(bytes);
  place.position = take_number<std::uint64_t>(bytes);
  place.bytes = take_number<std::uint64_t>(bytes);
  return stored_value{bytes, place};
}

} // namespace outsize::host
