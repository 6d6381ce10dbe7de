#include <outsize/wire/codec.hpp>

#include "writer.hpp"

#include <array>

namespace outsize::wire {
namespace {

/// Bytes that the checksum covers: all before it.
constexpr std::uint64_t checked_bytes = entry_header_bytes - size_of::digest;

void write_checked(writer &to, const entry_header &header) {
  to.fixarray(13);
  to.fixarray(2);
  to.u64(header.segment.log);
  to.u32(header.segment.index);
  to.u64(header.offset);
  to.u64(header.generation);
  to.u8(static_cast<std::uint8_t>(header.kind));
  to.u8(header.flags);
  to.u64(header.set);
  to.u32(header.fragment_index);
  to.u64(header.total_bytes);
  to.u64(header.timestamp_ms);
  to.u32(header.record_header_bytes);
  to.u64(header.payload_bytes);
  to.bin(header.content);
}

/// Reads the one layout that write_checked makes: all widths are fixed, so a mark is a byte at a known place. `bytes`
/// are entry_header_bytes long.
class fixed_reader {
public:
  explicit fixed_reader(const std::uint8_t *bytes) : at_(bytes) {}
  void mark(std::uint8_t wanted) { ok_ = (*at_++ == wanted) && ok_; }
  template <class T> T integer() {
    constexpr unsigned width = sizeof(T);
    mark(width == 1 ? 0xcc : width == 4 ? 0xce : 0xcf);
    std::uint64_t value = 0;
    for (unsigned i = 0; i < width; ++i) {
      value = (value << 8) | *at_++;
    }
    return static_cast<T>(value);
  }
  digest bin() {
    mark(0xc6);
    for (const std::uint8_t length_byte : std::array<std::uint8_t, 4>{0, 0, 0, 16}) {
      mark(length_byte);
    }
    digest value;
    std::memcpy(value.data(), at_, value.size());
    at_ += value.size();
    return value;
  }
  [[nodiscard]] bool ok() const { return ok_; }

private:
  const std::uint8_t *at_;
  bool ok_ = true;
};

constexpr bool is_known(entry_kind value) {
  return value >= entry_kind::data && value <= entry_kind::abort;
}

entry_header read_header(fixed_reader &from) {
  entry_header header;
  from.mark(0x9d);
  from.mark(0x92);
  header.segment.log = from.integer<std::uint64_t>();
  header.segment.index = from.integer<std::uint32_t>();
  header.offset = from.integer<std::uint64_t>();
  header.generation = from.integer<std::uint64_t>();
  header.kind = static_cast<entry_kind>(from.integer<std::uint8_t>());
  header.flags = from.integer<std::uint8_t>();
  header.set = from.integer<std::uint64_t>();
  header.fragment_index = from.integer<std::uint32_t>();
  header.total_bytes = from.integer<std::uint64_t>();
  header.timestamp_ms = from.integer<std::uint64_t>();
  header.record_header_bytes = from.integer<std::uint32_t>();
  header.payload_bytes = from.integer<std::uint64_t>();
  header.content = from.bin();
  header.checksum = from.bin();
  return header;
}

} // namespace

buffer encode_entry_header(entry_header header) {
  writable_buffer bytes(entry_header_bytes);
  writer to(bytes.data());
  write_checked(to, header);
  to.bin(digest_of({bytes.data(), checked_bytes}));
  return std::move(bytes).freeze();
}

result<entry_header> decode_entry_header(std::span<const std::uint8_t> bytes) {
  if (bytes.size() != entry_header_bytes) {
    return make_error(code::malformed, "entry header of " + std::to_string(bytes.size()) + " bytes, wanted " +
                                           std::to_string(entry_header_bytes));
  }
  fixed_reader from(bytes.data());
  const entry_header header = read_header(from);
  if (!from.ok() || !is_known(header.kind)) {
    return make_error(code::malformed, "entry header is not of the form that entries have");
  }
  if (digest_of(bytes.first(checked_bytes)) != header.checksum) {
    return make_error(code::checksum_mismatch,
                      "entry header at offset " + std::to_string(header.offset) + " does not match its checksum");
  }
  return header;
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
