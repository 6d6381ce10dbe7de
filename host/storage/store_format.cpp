#include "host/storage/store_format.hpp"

#include "host/storage/big_endian.hpp"

#include <fmt/format.h>

namespace outsize::host {
namespace {

constexpr std::uint8_t row_version = 1;

error row_error(std::string_view what, std::size_t bytes) {
  return make_error(code::malformed, fmt::format("a segment row of {} bytes is damaged: {}", bytes, what));
}

bool holes_are_ordered(const segment_row &row) {
  offset_t last = 0;
  for (const offset_range &hole : row.holes) {
    if (hole.from >= hole.to || (last != 0 && hole.from <= last) || hole.to > row.local_tail) {
      return false;
    }
    last = hole.to;
  }
  return true;
}

} // namespace

segment_key encode_segment_key(const segment_id &segment) {
  segment_key key{};
  put_number(key.data(), segment.log);
  put_number(key.data() + 8, segment.index);
  return key;
}

entry_key encode_entry_key(const segment_id &segment, offset_t offset) {
  entry_key key{};
  put_number(key.data(), segment.log);
  put_number(key.data() + 8, segment.index);
  put_number(key.data() + segment_key_bytes, offset);
  return key;
}

segment_id decode_segment_key(std::string_view key) {
  return {get_number<std::uint64_t>(key), get_number<std::uint32_t>(key.substr(8))};
}

offset_t offset_in_entry_key(std::string_view key) {
  return get_number<std::uint64_t>(key.substr(segment_key_bytes));
}

fragment_key encode_fragment_key(const segment_id &segment, std::uint64_t set, std::uint32_t index) {
  fragment_key key{};
  put_number(key.data(), segment.log);
  put_number(key.data() + 8, segment.index);
  put_number(key.data() + segment_key_bytes, set);
  put_number(key.data() + segment_key_bytes + 8, index);
  return key;
}

std::uint32_t index_in_fragment_key(std::string_view key) {
  return get_number<std::uint32_t>(key.substr(segment_key_bytes + 8));
}

std::string encode_fragment_offset(offset_t offset) {
  std::string to;
  append_number(to, offset);
  return to;
}

result<offset_t> decode_fragment_offset(std::string_view bytes) {
  if (bytes.size() != sizeof(offset_t)) {
    return make_error(code::storage_failed, fmt::format("the place of a fragment has {} bytes instead of {}",
                                                        bytes.size(), sizeof(offset_t)));
  }
  return get_number<offset_t>(bytes);
}

std::string encode_row(const segment_row &row) {
  std::string to;
  append_number(to, row_version);
  append_number(to, row.fence);
  append_number(to, static_cast<std::uint8_t>(row.sealed ? 1 : 0));
  append_number(to, row.local_tail);
  append_number(to, row.global_tail);
  append_number(to, row.trim_point);
  append_number(to, static_cast<std::uint32_t>(row.holes.size()));
  for (const offset_range &hole : row.holes) {
    append_number(to, hole.from);
    append_number(to, hole.to);
  }
  return to;
}

result<segment_row> decode_row(std::string_view bytes) {
  const std::size_t size = bytes.size();
  if (size < row_bytes_min) {
    return row_error("too short", size);
  }
  if (const auto version = take_number<std::uint8_t>(bytes); version != row_version) {
    return row_error(fmt::format("version {} instead of {}", version, row_version), size);
  }
  segment_row row;
  row.fence = take_number<std::uint64_t>(bytes);
  row.sealed = take_number<std::uint8_t>(bytes) != 0;
  row.local_tail = take_number<std::uint64_t>(bytes);
  row.global_tail = take_number<std::uint64_t>(bytes);
  row.trim_point = take_number<std::uint64_t>(bytes);
  const auto holes = take_number<std::uint32_t>(bytes);
  if (bytes.size() != holes * hole_bytes) {
    return row_error(fmt::format("{} holes do not fill it", holes), size);
  }
  for (std::uint32_t at = 0; at < holes; ++at) {
    const auto from = take_number<std::uint64_t>(bytes);
    row.holes.push_back({from, take_number<std::uint64_t>(bytes)});
  }
  if (!holes_are_ordered(row)) {
    return row_error("holes out of order", size);
  }
  return row;
}

} // namespace outsize::host
