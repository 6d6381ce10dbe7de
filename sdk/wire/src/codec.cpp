#include <outsize/wire/codec.hpp>

#include "decoder.hpp"
#include "field_intakes.hpp"
#include "field_packing.hpp"

namespace outsize::wire {
namespace {

constexpr unsigned envelope_values = 3;

memory_allowance allowance_for(std::span<const std::uint8_t> header) {
  return memory_allowance(decoded_bytes_per_header_byte_max * header.size() + decoded_bytes_base);
}

error malformed(std::string_view where, const std::string &why) {
  return make_error(code::malformed, std::string(where) + ": " + why);
}

/// [kind, number, body], of which only the first two are looked at.
class envelope_intake final : public intake {
public:
  [[nodiscard]] complaint wanted() const override { return "wanted an array of kind, number and body"; }
  complaint begin_array(void *, std::uint32_t count, memory_allowance &) const override {
    return count == envelope_values ? nullptr : wanted();
  }
  place item(void *at, std::uint32_t index) const override {
    auto &into = *static_cast<envelope *>(at);
    switch (index) {
    case 0:
      return {&intake_of<kind>(), &into.what};
    case 1:
      return {&intake_of<std::uint64_t>(), &into.number};
    default:
      return {nullptr, nullptr};
    }
  }
};
constexpr envelope_intake take_envelope;

template <class Message> class kind_intake final : public intake {
public:
  [[nodiscard]] complaint wanted() const override { return "another kind of message"; }
  complaint take_integer(void *, std::uint64_t value) const override {
    return value == static_cast<std::uint64_t>(Message::number) ? nullptr : wanted();
  }
};
template <class Message> constexpr kind_intake<Message> take_kind;

/// [kind, number, body] of a known kind.
template <class Message> class message_intake final : public intake {
public:
  [[nodiscard]] complaint wanted() const override { return take_envelope.wanted(); }
  complaint begin_array(void *at, std::uint32_t count, memory_allowance &memory) const override {
    return take_envelope.begin_array(at, count, memory);
  }
  place item(void *at, std::uint32_t index) const override {
    switch (index) {
    case 0:
      return {&take_kind<Message>, at};
    case 1:
      return {&skip_value, at};
    default:
      return {&intake_of<Message>(), at};
    }
  }
};
template <class Message> constexpr message_intake<Message> take_message;

} // namespace

template <class Message> writable_buffer encode(const Message &message) {
  const std::uint64_t body_bytes = size_value(message);
  writable_buffer header(envelope_bytes + body_bytes);
  bounded_stream stream(header.data() + envelope_bytes, body_bytes);
  packer to(stream);
  pack_value(to, message);
  stream.check_full();
  return header;
}

buffer seal_envelope(writable_buffer header, kind what, std::uint64_t number) {
  bounded_stream stream(header.data(), envelope_bytes);
  packer to(stream);
  pack_count(to, envelope_values);
  pack_integer(to, static_cast<std::uint16_t>(what));
  pack_integer(to, number);
  stream.check_full();
  return std::move(header).freeze();
}

result<envelope> decode_envelope(std::span<const std::uint8_t> header) {
  envelope read;
  const std::string why = decode_value(header, nullptr, {&take_envelope, &read}, memory_allowance(0));
  if (!why.empty()) {
    return malformed("envelope", why);
  }
  return read;
}

template <class Message> result<Message> decode(const buffer &header) {
  Message message;
  const std::string why =
      decode_value(header.span(), &header, {&take_message<Message>, &message}, allowance_for(header.span()));
  if (!why.empty()) {
    return malformed(name_of(Message::number), why);
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
