#include <outsize/wire/codec.hpp>

#include "decoder.hpp"
#include "field_intakes.hpp"
#include "field_packing.hpp"

#include <string_view>

namespace outsize::wire {
namespace {

template <class Body> buffer encode_body(const Body &body) {
  writable_buffer bytes(size_value(body));
  bounded_stream stream(bytes.data(), bytes.size());
  packer to(stream);
  pack_value(to, body);
  stream.check_full();
  return std::move(bytes).freeze();
}

template <class Body>
result<Body> decode_body(std::string_view name, std::span<const std::uint8_t> bytes, std::uint64_t bytes_max) {
  const auto malformed = [&](const std::string &why) {
    return make_error(code::malformed, std::string(name) + ": " + why);
  };
  if (bytes.size() > bytes_max) {
    return malformed(std::to_string(bytes.size()) + " bytes, the most is " + std::to_string(bytes_max));
  }
  Body body;
  const std::string why = decode_value(bytes, nullptr, {&intake_of<Body>(), &body}, memory_allowance(0));
  if (!why.empty()) {
    return malformed(why);
  }
  return body;
}

} // namespace

buffer encode_split_record(const split_record &split) {
  return encode_body(split);
}

result<split_record> decode_split_record(std::span<const std::uint8_t> bytes) {
  result<split_record> read = decode_body<split_record>("commit entry", bytes, split_record_bytes);
  if (!read) {
    return read;
  }
  // Fragment i is found by dividing: the numbers must agree with each other.
  const split_record &split = read.value();
  const bool whole = split.fragment_bytes > 0 && split.fragments > 0 && split.fragments <= fragments_max &&
                     (split.payload_bytes - 1) / split.fragment_bytes == split.fragments - 1 &&
                     split.payload_bytes > 0 && split.first != no_offset && split.last >= split.first &&
                     split.last - split.first >= split.fragments - 1 &&
                     (split.fragments > 1 || split.last == split.first);
  if (!whole) {
    return make_error(code::malformed, "commit entry: " + std::to_string(split.payload_bytes) + " bytes in " +
                                           std::to_string(split.fragments) + " fragments of " +
                                           std::to_string(split.fragment_bytes) + " at offsets " +
                                           std::to_string(split.first) + " to " + std::to_string(split.last));
  }
  return read;
}

buffer encode_spilled_record(const spilled_record &spilled) {
  return encode_body(spilled);
}

result<spilled_record> decode_spilled_record(std::span<const std::uint8_t> bytes) {
  result<spilled_record> read = decode_body<spilled_record>("reference entry", bytes, spilled_record_bytes_max);
  if (read && (read->store.empty() || read->store.size() > blob_store_name_bytes_max || read->key.empty() ||
               read->key.size() > blob_key_bytes_max || read->part_bytes == 0)) {
    return make_error(code::malformed, "reference entry: without a store, a key or a part size, or with a name that is "
                                       "too long");
  }
  return read;
}

buffer encode_aborted_set(const aborted_set &aborted) {
  aborted_set bounded = aborted;
  bounded.reason.resize(std::min<std::size_t>(bounded.reason.size(), aborted_reason_bytes_max));
  return encode_body(bounded);
}

result<aborted_set> decode_aborted_set(std::span<const std::uint8_t> bytes) {
  result<aborted_set> read = decode_body<aborted_set>("abort entry", bytes, aborted_set_bytes_max);
  if (read && read->reason.size() > aborted_reason_bytes_max) {
    return make_error(code::malformed, "abort entry: a reason of " + std::to_string(read->reason.size()) +
                                           " bytes, the most is " + std::to_string(aborted_reason_bytes_max));
  }
  return read;
}

} // namespace outsize::wire
