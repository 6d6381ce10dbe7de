#include "frames.hpp"

#include "limits.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

namespace outsize::zeromq {

namespace {

constexpr std::size_t open_bytes = frame_prefix_bytes + 16;
constexpr std::size_t opened_bytes = frame_prefix_bytes + 24;
constexpr std::size_t credit_bytes = frame_prefix_bytes + 8;
constexpr std::size_t close_text_bytes_max = 256;

static_assert(std::endian::native == std::endian::little, "the protocol is little endian; add a swap here");

template <class Number> Number read_number(const std::uint8_t *from) {
  Number value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class Number> std::uint8_t *write_number(std::uint8_t *to, Number value) {
  std::memcpy(to, &value, sizeof value);
  return to + sizeof value;
}

std::uint64_t saturated_sum(std::uint64_t left, std::uint64_t right) {
  const std::uint64_t sum = left + right;
  return sum < left ? std::numeric_limits<std::uint64_t>::max() : sum;
}

} // namespace

std::uint8_t *write_u32(std::uint8_t *to, std::uint32_t value) {
  return write_number(to, value);
}

std::uint8_t *write_u64(std::uint8_t *to, std::uint64_t value) {
  return write_number(to, value);
}

std::uint8_t *write_prefix(std::uint8_t *to, frame_kind kind, std::uint32_t argument, std::uint64_t session) {
  *to++ = static_cast<std::uint8_t>(kind);
  *to++ = protocol_version;
  to = write_number(to, std::uint16_t{0});
  to = write_u32(to, argument);
  return write_u64(to, session);
}

result<frame_view> parse_frame(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < frame_prefix_bytes || bytes.size() > framed_bytes_max) {
    return make_error(code::malformed, "frame of " + std::to_string(bytes.size()) + " bytes");
  }
  if (bytes[1] != protocol_version) {
    return make_error(code::protocol_mismatch,
                      "protocol version " + std::to_string(bytes[1]) + ", ours is " + std::to_string(protocol_version));
  }
  const std::uint8_t kind = bytes[0];
  if (kind < static_cast<std::uint8_t>(frame_kind::open) || kind > static_cast<std::uint8_t>(frame_kind::close)) {
    return make_error(code::malformed, "frame of kind " + std::to_string(kind));
  }
  frame_view seen;
  seen.kind = static_cast<frame_kind>(kind);
  seen.argument = read_number<std::uint32_t>(bytes.data() + 4);
  seen.session = read_number<std::uint64_t>(bytes.data() + 8);
  seen.body = bytes.subspan(frame_prefix_bytes);
  return seen;
}

std::optional<open_body> parse_open(const frame_view &frame) {
  if (frame.body.size() < open_bytes - frame_prefix_bytes) {
    return std::nullopt;
  }
  return open_body{frame.session, read_number<std::uint32_t>(frame.body.data()),
                   read_number<std::uint64_t>(frame.body.data() + 8)};
}

std::optional<opened_body> parse_opened(const frame_view &frame) {
  if (frame.body.size() < opened_bytes - frame_prefix_bytes) {
    return std::nullopt;
  }
  return opened_body{frame.session, read_number<std::uint64_t>(frame.body.data()),
                     read_number<std::uint32_t>(frame.body.data() + 8),
                     read_number<std::uint64_t>(frame.body.data() + 16)};
}

std::optional<head_body> parse_head(const frame_view &frame) {
  if (frame.body.size() < 8) {
    return std::nullopt;
  }
  const auto count = read_number<std::uint32_t>(frame.body.data());
  const std::uint64_t table_bytes = std::uint64_t{count} * 8;
  if (count == 0 || count > parts_max || frame.body.size() - 8 < table_bytes) {
    return std::nullopt;
  }
  head_body seen;
  seen.sizes.resize(count);
  std::memcpy(seen.sizes.data(), frame.body.data() + 8, table_bytes);
  for (const std::uint64_t size : seen.sizes) {
    seen.total_bytes = saturated_sum(seen.total_bytes, size);
  }
  seen.leading = frame.body.subspan(8 + table_bytes);
  return seen;
}

std::optional<std::uint64_t> parse_credit(const frame_view &frame) {
  if (frame.body.size() < 8) {
    return std::nullopt;
  }
  return read_number<std::uint64_t>(frame.body.data());
}

close_body parse_close(const frame_view &frame) {
  const std::size_t count = std::min(frame.body.size(), close_text_bytes_max);
  std::string text(reinterpret_cast<const char *>(frame.body.data()), count);
  // The far side's words go into our log: one line, nothing that a terminal would act upon.
  std::replace_if(text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return {static_cast<close_reason>(frame.argument), std::move(text)};
}

std::vector<std::uint8_t> make_open(const open_body &open) {
  std::vector<std::uint8_t> made(open_bytes);
  std::uint8_t *to = write_prefix(made.data(), frame_kind::open, 0, open.attempt);
  to = write_u32(to, open.piece_bytes_max);
  to = write_u32(to, 0);
  write_u64(to, open.window_bytes);
  return made;
}

std::vector<std::uint8_t> make_opened(const opened_body &opened) {
  std::vector<std::uint8_t> made(opened_bytes);
  std::uint8_t *to = write_prefix(made.data(), frame_kind::opened, 0, opened.session);
  to = write_u64(to, opened.attempt);
  to = write_u32(to, opened.piece_bytes_max);
  to = write_u32(to, 0);
  write_u64(to, opened.window_bytes);
  return made;
}

std::vector<std::uint8_t> make_credit(std::uint64_t session, std::uint64_t total_bytes) {
  std::vector<std::uint8_t> made(credit_bytes);
  write_u64(write_prefix(made.data(), frame_kind::credit, 0, session), total_bytes);
  return made;
}

std::vector<std::uint8_t> make_close(std::uint64_t session, close_reason reason, std::string_view text) {
  text = text.substr(0, close_text_bytes_max);
  std::vector<std::uint8_t> made(frame_prefix_bytes + text.size());
  std::uint8_t *to = write_prefix(made.data(), frame_kind::close, static_cast<std::uint32_t>(reason), session);
  std::memcpy(to, text.data(), text.size());
  return made;
}

} // namespace outsize::zeromq
