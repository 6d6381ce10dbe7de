#include <outsize/wire/codec.hpp>

#include "decoder.hpp"
#include "field_intakes.hpp"
#include "packing.hpp"

#include <outsize/wire/limits.hpp>

namespace outsize::wire {
namespace {

// Field numbers of a record header. Producer fields are there together or not at all.
enum field : unsigned { producer = 1, epoch = 2, sequence = 3, predecessor = 4, key = 5, headers = 6 };
constexpr std::size_t values_per_header = 2;
/// A header with an empty name and an empty value.
constexpr std::uint64_t record_field_bytes_min =
    size_of::array_head(values_per_header) + size_of::str_head(0) + size_of::bin_head(0);

bool has_producer(const record_header &header) {
  return header.producer != producer_fields{};
}

std::uint64_t size_of_text(const std::string &text) {
  return size_of::str_head(text.size()) + text.size();
}
std::uint64_t size_of_bytes(const std::string &bytes) {
  return size_of::bin_head(bytes.size()) + bytes.size();
}

std::uint64_t size_of_header(const record_header &header) {
  std::uint64_t size = size_of::map;
  if (has_producer(header)) {
    size += 4 * size_of::field + size_of_text(header.producer.producer) + 3 * size_of::u64;
  }
  if (header.has_key) {
    size += size_of::field + size_of_bytes(header.key);
  }
  if (!header.headers.empty()) {
    size += size_of::field + size_of::array_head(header.headers.size());
  }
  for (const record_field &one : header.headers) {
    size += size_of::array_head(values_per_header) + size_of_text(one.name) + size_of_bytes(one.value);
  }
  return size;
}

void pack_header(packer &to, const record_header &header) {
  to.pack_map((has_producer(header) ? 4U : 0U) + (header.has_key ? 1U : 0U) + (header.headers.empty() ? 0U : 1U));
  if (has_producer(header)) {
    pack_field_number(to, field::producer);
    pack_text(to, header.producer.producer);
    pack_field_number(to, field::epoch);
    pack_integer(to, header.producer.epoch);
    pack_field_number(to, field::sequence);
    pack_integer(to, header.producer.sequence);
    pack_field_number(to, field::predecessor);
    pack_integer(to, header.producer.predecessor);
  }
  if (header.has_key) {
    pack_field_number(to, field::key);
    pack_bytes(to, bytes_of(header.key));
  }
  if (!header.headers.empty()) {
    pack_field_number(to, field::headers);
    pack_count(to, header.headers.size());
  }
  for (const record_field &one : header.headers) {
    pack_count(to, values_per_header);
    pack_text(to, one.name);
    pack_bytes(to, bytes_of(one.value));
  }
}

result<void> check_size(std::uint64_t encoded_bytes) {
  if (encoded_bytes > record_fields_bytes_max) {
    return size_error(code::header_too_large,
                      "record header of " + std::to_string(encoded_bytes) + " bytes is over the limit of " +
                          std::to_string(record_fields_bytes_max) + " bytes",
                      encoded_bytes, record_fields_bytes_max);
  }
  return {};
}

result<void> check_name(std::uint64_t producer_bytes) {
  if (producer_bytes > producer_name_bytes_max) {
    return size_error(code::header_too_large,
                      "producer name of " + std::to_string(producer_bytes) + " bytes is over the limit of " +
                          std::to_string(producer_name_bytes_max) + " bytes",
                      producer_bytes, producer_name_bytes_max);
  }
  return {};
}

/// [name, value].
class record_field_intake final : public intake {
public:
  [[nodiscard]] complaint wanted() const override { return "wanted a header, which has a name and a value"; }
  complaint begin_array(void *, std::uint32_t count, memory_allowance &) const override {
    return count == values_per_header ? nullptr : wanted();
  }
  place item(void *at, std::uint32_t index) const override {
    auto &into = *static_cast<record_field *>(at);
    return index == 0 ? place{&intake_of<std::string>(), &into.name} : place{&take_byte_string, &into.value};
  }
};
constexpr record_field_intake take_record_field;
constexpr vector_intake<record_field> take_record_fields(take_record_field);

/// Ascending numbers make the encoding of a header unique. A field that is not there keeps its default.
class record_header_intake final : public intake {
public:
  [[nodiscard]] complaint wanted() const override { return "wanted a map"; }
  complaint begin_map() const override { return nullptr; }
  [[nodiscard]] bool fields_ascend() const override { return true; }
  [[nodiscard]] slot field_of(void *at, std::uint64_t number) const override {
    auto &into = *static_cast<record_header *>(at);
    switch (number) {
    case field::producer:
      return {{&intake_of<std::string>(), &into.producer.producer}, "producer", 1U << field::producer};
    case field::epoch:
      return {{&intake_of<std::uint64_t>(), &into.producer.epoch}, "epoch", 1U << field::epoch};
    case field::sequence:
      return {{&intake_of<std::uint64_t>(), &into.producer.sequence}, "sequence", 1U << field::sequence};
    case field::predecessor:
      return {{&intake_of<std::uint64_t>(), &into.producer.predecessor}, "predecessor", 1U << field::predecessor};
    case field::key:
      into.has_key = true;
      return {{&take_byte_string, &into.key}, "key", 1U << field::key};
    case field::headers:
      return {{&take_record_fields, &into.headers}, "headers", 1U << field::headers};
    default:
      return {};
    }
  }
};
constexpr record_header_intake take_record_header;

} // namespace

result<buffer> encode_record_header(const record_header &header) {
  const std::uint64_t size = size_of_header(header);
  if (result<void> fits = check_size(size); !fits) {
    return std::move(fits).error();
  }
  if (result<void> fits = check_name(header.producer.producer.size()); !fits) {
    return std::move(fits).error();
  }
  writable_buffer bytes(size);
  bounded_stream stream(bytes.data(), size);
  packer to(stream);
  pack_header(to, header);
  stream.check_full();
  return std::move(bytes).freeze();
}

result<record_header> decode_record_header(std::span<const std::uint8_t> bytes) {
  if (result<void> fits = check_size(bytes.size()); !fits) {
    return std::move(fits).error();
  }
  record_header header;
  // As many headers as the bytes can hold: the bytes are few.
  const memory_allowance memory(bytes.size() / record_field_bytes_min * sizeof(record_field));
  const std::string why = decode_value(bytes, nullptr, {&take_record_header, &header}, memory);
  if (!why.empty()) {
    return make_error(code::malformed, "record header: " + why);
  }
  if (result<void> fits = check_name(header.producer.producer.size()); !fits) {
    return std::move(fits).error();
  }
  return header;
}

} // namespace outsize::wire
