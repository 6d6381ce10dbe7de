#include <outsize/wire/codec.hpp>

#include "field_traits.hpp"
#include "packing.hpp"

#include <outsize/wire/limits.hpp>

#include <msgpack/null_visitor.hpp>
#include <msgpack/unpack.hpp>

#include <algorithm>
#include <array>

namespace outsize::wire {
namespace {

constexpr unsigned header_values = 13;
/// Bytes that the checksum covers: all before it.
constexpr std::uint64_t checked_bytes = entry_header_bytes - size_of::digest;
/// Where the kind's value lies: behind segment, offset, generation and its own mark.
constexpr std::uint64_t kind_at = size_of::array_head(header_values) + size_of::segment + 2 * size_of::u64 + 1;

void pack_checked(packer &to, const entry_header &header) {
  pack_count(to, header_values);
  pack_count(to, 2);
  pack_integer(to, header.segment.log);
  pack_integer(to, header.segment.index);
  pack_integer(to, header.offset);
  pack_integer(to, header.generation);
  pack_integer(to, static_cast<std::uint8_t>(header.kind));
  pack_integer(to, header.flags);
  pack_integer(to, header.set);
  pack_integer(to, header.fragment_index);
  pack_integer(to, header.total_bytes);
  pack_integer(to, header.timestamp_ms);
  pack_integer(to, header.record_header_bytes);
  pack_integer(to, header.payload_bytes);
  pack_bytes(to, header.content);
}

/// Collects the values of an entry header in the order they come. It asks nothing: what it made is packed again and
/// compared, for there is one encoding of an entry header, so that equal entries are equal bytes.
class header_visitor : public msgpack::null_visitor {
public:
  bool visit_positive_integer(std::uint64_t value) {
    if (integers_seen_ < integers_.size()) {
      integers_[integers_seen_++] = value;
    }
    return true;
  }
  bool visit_bin(const char *data, std::uint32_t size) {
    if (digests_seen_ < digests_.size() && size == digests_[0].size()) {
      std::memcpy(digests_[digests_seen_++].data(), data, size);
    }
    return true;
  }

  [[nodiscard]] entry_header header() const {
    entry_header made;
    made.segment = {integers_[0], static_cast<std::uint32_t>(integers_[1])};
    made.offset = integers_[2];
    made.generation = integers_[3];
    made.kind = static_cast<entry_kind>(integers_[4]);
    made.flags = static_cast<std::uint8_t>(integers_[5]);
    made.set = integers_[6];
    made.fragment_index = static_cast<std::uint32_t>(integers_[7]);
    made.total_bytes = integers_[8];
    made.timestamp_ms = integers_[9];
    made.record_header_bytes = static_cast<std::uint32_t>(integers_[10]);
    made.payload_bytes = integers_[11];
    made.content = digests_[0];
    made.checksum = digests_[1];
    return made;
  }

private:
  std::array<std::uint64_t, 12> integers_{};
  std::size_t integers_seen_ = 0;
  std::array<digest, 2> digests_{};
  std::size_t digests_seen_ = 0;
};

void pack_header(std::span<std::uint8_t> bytes, const entry_header &header) {
  bounded_stream stream(bytes.data(), bytes.size());
  packer to(stream);
  pack_checked(to, header);
  pack_bytes(to, header.checksum);
  stream.check_full();
}

bool is_encoding_of(std::span<const std::uint8_t> bytes, const entry_header &header) {
  std::array<std::uint8_t, entry_header_bytes> again;
  pack_header(again, header);
  return std::equal(again.begin(), again.end(), bytes.begin());
}

} // namespace

buffer encode_entry_header(entry_header header) {
  writable_buffer bytes(entry_header_bytes);
  bounded_stream stream(bytes.data(), entry_header_bytes);
  packer to(stream);
  pack_checked(to, header);
  pack_bytes(to, digest_of({bytes.data(), checked_bytes}));
  stream.check_full();
  return std::move(bytes).freeze();
}

result<entry_header> decode_entry_header(std::span<const std::uint8_t> bytes) {
  if (bytes.size() != entry_header_bytes) {
    return make_error(code::malformed, "entry header of " + std::to_string(bytes.size()) + " bytes, wanted " +
                                           std::to_string(entry_header_bytes));
  }
  header_visitor values;
  std::size_t at = 0;
  msgpack::parse(reinterpret_cast<const char *>(bytes.data()), bytes.size(), at, values);
  const entry_header header = values.header();
  if (!is_encoding_of(bytes, header) || !is_known(header.kind)) {
    return make_error(code::malformed, "entry header is not of the form that entries have");
  }
  if (digest_of(bytes.first(checked_bytes)) != header.checksum) {
    return make_error(code::checksum_mismatch,
                      "entry header at offset " + std::to_string(header.offset) + " does not match its checksum");
  }
  return header;
}

bool is_maybe_entry_of(entry_kind kind, std::span<const std::uint8_t> bytes) {
  return bytes.size() >= entry_header_bytes && bytes[kind_at] == static_cast<std::uint8_t>(kind);
}

result<void> verify_entry(const entry_header &header, const rope &body) {
  // Compared one by one: a sum of two numbers from a peer could wrap.
  if (header.record_header_bytes > body.size() || header.payload_bytes != body.size() - header.record_header_bytes) {
    return make_error(code::malformed, "entry at offset " + std::to_string(header.offset) + " comes with " +
                                           std::to_string(body.size()) + " bytes, its header says " +
                                           std::to_string(header.record_header_bytes) + " and " +
                                           std::to_string(header.payload_bytes));
  }
  if (digest_of(body) != header.content) {
    return make_error(code::checksum_mismatch,
                      "bytes of the entry at offset " + std::to_string(header.offset) + " do not match their digest");
  }
  return {};
}

} // namespace outsize::wire
