#include <outsize/wire/codec.hpp>

#include "fields.hpp"

namespace outsize::wire {
namespace {

// Field numbers of a record header. Producer fields are there together or not at all.
enum field : unsigned { producer = 1, epoch = 2, sequence = 3, predecessor = 4, key = 5, headers = 6 };
constexpr std::size_t values_per_header = 2;

bool has_producer(const record_header &header) {
  return header.producer != producer_fields{};
}

std::uint64_t size_of_header(const record_header &header) {
  std::uint64_t size = size_of::map;
  if (has_producer(header)) {
    size += 4 * size_of::field + size_of::str_head + header.producer.producer.size() + 3 * size_of::u64;
  }
  if (header.has_key) {
    size += size_of::field + size_of::bin_head + header.key.size();
  }
  if (!header.headers.empty()) {
    size += size_of::field + size_of::array;
  }
  for (const record_field &one : header.headers) {
    size += 1 + size_of::str_head + one.name.size() + size_of::bin_head + one.value.size();
  }
  return size;
}

void write_header(writer &to, const record_header &header) {
  to.map((has_producer(header) ? 4U : 0U) + (header.has_key ? 1U : 0U) + (header.headers.empty() ? 0U : 1U));
  if (has_producer(header)) {
    to.field(field::producer);
    to.str(fields::bytes_of(header.producer.producer));
    to.field(field::epoch);
    to.u64(header.producer.epoch);
    to.field(field::sequence);
    to.u64(header.producer.sequence);
    to.field(field::predecessor);
    to.u64(header.producer.predecessor);
  }
  if (header.has_key) {
    to.field(field::key);
    to.bin(fields::bytes_of(header.key));
  }
  if (!header.headers.empty()) {
    to.field(field::headers);
    to.array(header.headers.size());
  }
  for (const record_field &one : header.headers) {
    to.fixarray(values_per_header);
    to.str(fields::bytes_of(one.name));
    to.bin(fields::bytes_of(one.value));
  }
}

result<void> check_bounds(std::uint64_t encoded_bytes, std::uint64_t producer_bytes) {
  if (encoded_bytes > record_fields_bytes_max) {
    return size_error(code::header_too_large,
                      "record header of " + std::to_string(encoded_bytes) + " bytes is over the limit of " +
                          std::to_string(record_fields_bytes_max) + " bytes",
                      encoded_bytes, record_fields_bytes_max);
  }
  if (producer_bytes > producer_name_bytes_max) {
    return size_error(code::header_too_large,
                      "producer name of " + std::to_string(producer_bytes) + " bytes is over the limit of " +
                          std::to_string(producer_name_bytes_max) + " bytes",
                      producer_bytes, producer_name_bytes_max);
  }
  return {};
}

std::string text_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

void read_headers(reader &from, std::vector<record_field> &into) {
  const std::uint32_t count = from.read_array();
  from.charge(std::uint64_t{count} * sizeof(record_field));
  for (std::uint32_t i = 0; i < count && from.ok(); ++i) {
    if (from.read_array() != values_per_header) {
      from.fail("wanted a header, which has a name and a value");
    }
    record_field &one = into.emplace_back();
    one.name = text_of(from.read_str());
    one.value = text_of(from.read_bin());
  }
}

void read_field(reader &from, std::uint64_t number, record_header &into) {
  switch (number) {
  case field::producer:
    into.producer.producer = text_of(from.read_str());
    return;
  case field::epoch:
    into.producer.epoch = from.read_uint(UINT64_MAX);
    return;
  case field::sequence:
    into.producer.sequence = from.read_uint(UINT64_MAX);
    return;
  case field::predecessor:
    into.producer.predecessor = from.read_uint(UINT64_MAX);
    return;
  case field::key:
    into.has_key = true;
    into.key = text_of(from.read_bin());
    return;
  case field::headers:
    read_headers(from, into.headers);
    return;
  default:
    from.skip();
  }
}

} // namespace

result<buffer> encode_record_header(const record_header &header) {
  const std::uint64_t size = size_of_header(header);
  if (result<void> fits = check_bounds(size, header.producer.producer.size()); !fits) {
    return std::move(fits).error();
  }
  writable_buffer bytes(size);
  writer to(bytes.data());
  write_header(to, header);
  return std::move(bytes).freeze();
}

result<record_header> decode_record_header(std::span<const std::uint8_t> bytes) {
  record_header header;
  reader from(bytes);
  std::uint64_t last = 0;
  // Ascending numbers make "each at most once" a comparison, and the encoding of a header unique.
  for (std::uint32_t left = from.read_map(); left > 0 && from.ok(); --left) {
    const std::uint64_t number = from.read_uint(UINT64_MAX);
    if (from.ok() && number <= last) {
      from.fail("field numbers do not ascend");
    }
    last = number;
    read_field(from, number, header);
  }
  if (from.ok() && from.left() != 0) {
    from.fail("bytes behind the record header");
  }
  if (!from.ok()) {
    return make_error(code::malformed, "record header: " + from.why());
  }
  if (result<void> fits = check_bounds(bytes.size(), header.producer.producer.size()); !fits) {
    return std::move(fits).error();
  }
  return header;
}

} // namespace outsize::wire
