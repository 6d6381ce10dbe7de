#include "made_record.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <random>

namespace outsize::faults {
namespace {

constexpr std::uint64_t payload_bytes_max = 16 * 1024 * 1024;
constexpr std::uint64_t shifts = 1024 * 1024; ///< payloads begin at so many different places

/// Random bytes that all payloads are slices of: nothing is copied, and nobody can compress them.
const buffer &source() {
  static const buffer made = [] {
    std::mt19937_64 random(1);
    writable_buffer bytes(payload_bytes_max + shifts);
    for (std::uint64_t at = 0; at < bytes.size(); at += sizeof(std::uint64_t)) {
      const std::uint64_t word = random();
      std::memcpy(bytes.data() + at, &word, sizeof word);
    }
    return std::move(bytes).freeze();
  }();
  return made;
}

buffer payload_of(std::uint64_t id, std::uint64_t bytes) {
  return source().slice(id * 7919 % shifts, bytes); // neighbours begin far from one another
}

} // namespace

client::record make_record(std::uint64_t id, std::uint64_t bytes) {
  client::record made;
  made.payload = rope(payload_of(id, bytes));
  made.header.has_key = true;
  made.header.key = std::to_string(id);
  return made;
}

std::optional<std::uint64_t> id_of(const client::read_record &record) {
  const std::string &key = record.header.key;
  std::uint64_t id = 0;
  const auto [end, failed] = std::from_chars(key.data(), key.data() + key.size(), id);
  const bool is_number = failed == std::errc() && end == key.data() + key.size() && !key.empty();
  return is_number ? std::optional(id) : std::nullopt;
}

bool is_payload_of(std::uint64_t id, std::uint64_t bytes, const rope &payload) {
  if (payload.size() != bytes) {
    return false;
  }
  const std::uint8_t *wanted = payload_of(id, bytes).data(); // the source stays
  return std::all_of(payload.parts().begin(), payload.parts().end(), [&](const buffer &part) {
    const bool same = std::memcmp(part.data(), wanted, part.size()) == 0;
    wanted += part.size();
    return same;
  });
}

} // namespace outsize::faults
