#include <outsize/wire/codec.hpp>

#include "fields.hpp"

namespace outsize::wire {
namespace {

constexpr unsigned envelope_values = 3;

error malformed(std::string_view where, const std::string &why) {
  return make_error(code::malformed, std::string(where) + ": " + why);
}

envelope read_envelope(reader &from) {
  if (from.read_array() != envelope_values) {
    from.fail("wanted an array of kind, number and body");
  }
  envelope read;
  read.what = static_cast<kind>(from.read_uint(UINT16_MAX));
  read.number = from.read_uint(UINT64_MAX);
  return read;
}

} // namespace

template <class Message> writable_buffer encode(const Message &message) {
  writable_buffer header(envelope_bytes + fields::size_value(message));
  writer to(header.data() + envelope_bytes);
  fields::write_value(to, message);
  return header;
}

buffer seal_envelope(writable_buffer header, kind what, std::uint64_t number) {
  writer to(header.data());
  to.fixarray(envelope_values);
  to.u16(static_cast<std::uint16_t>(what));
  to.u64(number);
  return std::move(header).freeze();
}

result<envelope> decode_envelope(std::span<const std::uint8_t> header) {
  reader from(header);
  const envelope read = read_envelope(from);
  if (!from.ok()) {
    return malformed("envelope", from.why());
  }
  return read;
}

template <class Message> result<Message> decode(const buffer &header) {
  reader from(header);
  const envelope read = read_envelope(from);
  if (from.ok() && read.what != Message::number) {
    from.fail("another kind of message");
  }
  Message message;
  fields::read_value(from, message);
  if (from.ok() && from.left() != 0) {
    from.fail("bytes behind the body");
  }
  if (!from.ok()) {
    return malformed(name_of(Message::number), from.why());
  }
  return message;
}

std::string_view name_of(kind value) {
  switch (value) {
#define OUTSIZE_WIRE_NAME(name)                                                                                        \
  case kind::name:                                                                                                     \
    return #name;
    OUTSIZE_WIRE_MESSAGES(OUTSIZE_WIRE_NAME)
#undef OUTSIZE_WIRE_NAME
  }
  return "unknown";
}

#define OUTSIZE_WIRE_INSTANTIATE(name)                                                                                 \
  template writable_buffer encode(const name &);                                                                       \
  template result<name> decode(const buffer &);
OUTSIZE_WIRE_MESSAGES(OUTSIZE_WIRE_INSTANTIATE)
#undef OUTSIZE_WIRE_INSTANTIATE

} // namespace outsize::wire
