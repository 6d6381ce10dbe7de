#include "fuzz/decoder_targets.hpp"

#include "unit/wire/support/samples.hpp"
#include "unit/wire/support/vectors.hpp"

#include <outsize/wire/codec.hpp>
#include <outsize/wire/limits.hpp>

namespace outsize::fuzz {
namespace {

using namespace outsize::wire;

/// The parser's own stack, and the words of one error.
constexpr std::uint64_t constant_bytes = 2 * kib;
/// Text is copied out of the bytes, with an end mark each.
constexpr std::uint64_t text_bytes_per_byte = 2;

std::uint64_t message_memory(std::uint64_t bytes) {
  return (decoded_bytes_per_header_byte_max + text_bytes_per_byte) * bytes + decoded_bytes_base + constant_bytes;
}

std::string differs(const std::string &what) {
  return "what was read " + what;
}

template <class Message> std::string round_trip_message(const buffer &bytes) {
  const result<Message> first = wire::decode<Message>(bytes);
  if (!first) {
    return first.error().code == code::malformed && !first.error().text.empty() ? "" : "an error that is not malformed";
  }
  const buffer again = seal_envelope(encode(*first), Message::number, 7);
  const result<Message> second = wire::decode<Message>(again);
  if (!second) {
    return differs("is not read again: " + second.error().text);
  }
  return seal_envelope(encode(*second), Message::number, 7).text() == again.text() ? "" : differs("changes on its way");
}

template <class Message> decoder_target message_target() {
  decoder_target made;
  made.name = name_of(Message::number);
  made.seed = wire::test::read_vector(made.name).bytes;
  made.round_trip = round_trip_message<Message>;
  made.decode = [](const buffer &bytes) { return static_cast<bool>(wire::decode<Message>(bytes)); };
  made.memory_bytes_max = message_memory;
  return made;
}

decoder_target envelope_target() {
  decoder_target made;
  made.name = "envelope";
  made.seed = wire::test::read_vector("store").bytes;
  made.round_trip = [](const buffer &bytes) {
    const result<envelope> first = decode_envelope(bytes.span());
    if (!first) {
      return std::string(first.error().code == code::malformed ? "" : "an error that is not malformed");
    }
    const buffer again = seal_envelope(writable_buffer(envelope_bytes), first->what, first->number);
    const result<envelope> second = decode_envelope(again.span());
    const bool same = second && second->what == first->what && second->number == first->number;
    return same ? std::string() : differs("changes on its way");
  };
  made.decode = [](const buffer &bytes) { return static_cast<bool>(decode_envelope(bytes.span())); };
  made.memory_bytes_max = [](std::uint64_t) { return constant_bytes; };
  return made;
}

decoder_target entry_header_target() {
  decoder_target made;
  made.name = "entry_header";
  made.seed = wire::test::read_vector("entry_header").bytes;
  made.round_trip = [](const buffer &bytes) {
    const result<entry_header> first = decode_entry_header(bytes.span());
    // There is one encoding only.
    return first && encode_entry_header(*first).text() != bytes.text() ? differs("has other bytes") : std::string();
  };
  made.decode = [](const buffer &bytes) { return static_cast<bool>(decode_entry_header(bytes.span())); };
  // The parser's stack holds 8 bytes for each level of nesting, and doubles.
  made.memory_bytes_max = [](std::uint64_t) { return constant_bytes + 3 * 8 * entry_header_bytes; };
  return made;
}

decoder_target record_header_target() {
  decoder_target made;
  made.name = "record_header";
  made.seed = wire::test::read_vector("record_header").bytes;
  made.round_trip = [](const buffer &bytes) {
    const result<record_header> first = decode_record_header(bytes.span());
    if (!first) {
      return std::string();
    }
    const result<buffer> again = encode_record_header(*first);
    const result<record_header> second =
        again ? decode_record_header(again->span()) : result<record_header>(again.error());
    return second && *second == *first ? std::string() : differs("changes on its way");
  };
  made.decode = [](const buffer &bytes) { return static_cast<bool>(decode_record_header(bytes.span())); };
  made.memory_bytes_max = [](std::uint64_t bytes) {
    return 18 * std::min(bytes, record_fields_bytes_max) + constant_bytes;
  };
  return made;
}

/// What commit, reference and abort entries hold.
template <class Body> decoder_target body_target(const std::string &name,
                                                 result<Body> (*decode_body)(std::span<const std::uint8_t>),
                                                 buffer (*encode_body)(const Body &), std::uint64_t bytes_max) {
  decoder_target made;
  made.name = name;
  made.seed = wire::test::read_vector(name).bytes;
  made.round_trip = [decode_body, encode_body](const buffer &bytes) {
    const result<Body> first = decode_body(bytes.span());
    if (!first) {
      return std::string(first.error().code == code::malformed ? "" : "an error that is not malformed");
    }
    const result<Body> second = decode_body(encode_body(*first).span());
    return second && *second == *first ? std::string() : differs("changes on its way");
  };
  made.decode = [decode_body](const buffer &bytes) { return static_cast<bool>(decode_body(bytes.span())); };
  made.memory_bytes_max = [bytes_max](std::uint64_t bytes) {
    return text_bytes_per_byte * std::min(bytes, bytes_max) + constant_bytes;
  };
  return made;
}

std::vector<decoder_target> make_targets() {
  std::vector<decoder_target> made{
      envelope_target(),
      entry_header_target(),
      record_header_target(),
      body_target("split_record", decode_split_record, encode_split_record, split_record_bytes),
      body_target("spilled_record", decode_spilled_record, encode_spilled_record, spilled_record_bytes_max),
      body_target("aborted_set", decode_aborted_set, encode_aborted_set, aborted_set_bytes_max)};
  wire::test::for_each_message([&]<class Message>() { made.push_back(message_target<Message>()); });
  return made;
}

} // namespace

const std::vector<decoder_target> &decoder_targets() {
  static const std::vector<decoder_target> targets = make_targets();
  return targets;
}

} // namespace outsize::fuzz
