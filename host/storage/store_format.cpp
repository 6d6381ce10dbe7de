#include "host/storage/store_format.hpp"

#include <fmt/format.h>

#include <concepts>

namespace outsize::host {
namespace {

constexpr std::uint8_t row_version = 1;

template <std::unsigned_integral Number> void put(char *to, Number value) {
  for (std::size_t at = sizeof(Number); at-- > 0;) {
    to[at] = static_cast<char>(value & 0xffU);
    if constexpr (sizeof(Number) > 1) {
      value = static_cast<Number>(value >> 8);
    }
  }
}

template <std::unsigned_integral Number> Number get(std::string_view from) {
  std::uint64_t value = 0;
  for (std::size_t at = 0; at < sizeof(Number); ++at) {
    value = value << 8 | static_cast<std::uint8_t>(from[at]);
  }
  return static_cast<Number>(value);
}

/// Writes numbers one behind the other.
class writer {
public:
  template <std::unsigned_integral Number> void append(Number value) {
    char bytes[sizeof(Number)];
    put(bytes, value);
    to_.append(bytes, sizeof bytes);
  }
  std::string take() { return std::move(to_); }

private:
  std::string to_;
};

/// Reads them back; the caller has checked the length.
class reader {
public:
  explicit reader(std::string_view from) : from_(from) {}
  template <std::unsigned_integral Number> Number next() {
    const Number value = get<Number>(from_);
    from_.remove_prefix(sizeof(Number));
    return value;
  }

private:
  std::string_view from_;
};

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
  put(key.data(), segment.log);
  put(key.data() + 8, segment.index);
  return key;
}

entry_key encode_entry_key(const segment_id &segment, offset_t offset) {
  entry_key key{};
  put(key.data(), segment.log);
  put(key.data() + 8, segment.index);
  put(key.data() + segment_key_bytes, offset);
  return key;
}

segment_id decode_segment_key(std::string_view key) {
  return {get<std::uint64_t>(key), get<std::uint32_t>(key.substr(8))};
}

offset_t offset_in_entry_key(std::string_view key) {
  return get<std::uint64_t>(key.substr(segment_key_bytes));
}

std::string encode_row(const segment_row &row) {
  writer to;
  to.append(row_version);
  to.append(row.fence);
  to.append(static_cast<std::uint8_t>(row.sealed ? 1 : 0));
  to.append(row.local_tail);
  to.append(row.global_tail);
  to.append(row.trim_point);
  to.append(static_cast<std::uint32_t>(row.holes.size()));
  for (const offset_range &hole : row.holes) {
    to.append(hole.from);
    to.append(hole.to);
  }
  return to.take();
}

result<segment_row> decode_row(std::string_view bytes) {
  if (bytes.size() < row_bytes_min) {
    return row_error("too short", bytes.size());
  }
  reader from(bytes);
  if (const auto version = from.next<std::uint8_t>(); version != row_version) {
    return row_error(fmt::format("version {} instead of {}", version, row_version), bytes.size());
  }
  segment_row row;
  row.fence = from.next<std::uint64_t>();
  row.sealed = from.next<std::uint8_t>() != 0;
  row.local_tail = from.next<std::uint64_t>();
  row.global_tail = from.next<std::uint64_t>();
  row.trim_point = from.next<std::uint64_t>();
  const auto holes = from.next<std::uint32_t>();
  if (bytes.size() != row_bytes_min + holes * hole_bytes) {
    return row_error(fmt::format("{} holes do not fill it", holes), bytes.size());
  }
  for (std::uint32_t at = 0; at < holes; ++at) {
    const auto hole_from = from.next<std::uint64_t>();
    row.holes.push_back({hole_from, from.next<std::uint64_t>()});
  }
  if (!holes_are_ordered(row)) {
    return row_error("holes out of order", bytes.size());
  }
  return row;
}

} // namespace outsize::host
