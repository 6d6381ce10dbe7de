// Records as a client encodes them.
#pragma once

#include "host/sequencer/log_sequencer.hpp"

#include <outsize/wire/codec.hpp>

#include <cstdint>
#include <string>

namespace outsize::test {

/// `size` bytes that differ from offset to offset.
inline std::string text_of_size(std::uint64_t size, char begin = 'a') {
  std::string made(size, begin);
  for (std::uint64_t i = 0; i < size; i += 97) {
    made[i] = static_cast<char>('a' + (i / 97) % 26);
  }
  return made;
}

inline host::append_item make_item(const std::string &payload, const wire::record_header &header = {}) {
  host::append_item made;
  const buffer encoded = wire::encode_record_header(header).value();
  made.bytes.append(encoded);
  made.bytes.append(buffer::copy_of(payload));
  made.item.record_header_bytes = static_cast<std::uint32_t>(encoded.size());
  made.item.payload_bytes = payload.size();
  made.item.content = wire::digest_of(made.bytes);
  return made;
}

inline wire::record_header of_producer(const std::string &producer, std::uint64_t sequence, std::uint64_t predecessor,
                                       std::uint64_t epoch = 1) {
  wire::record_header made;
  made.producer = {producer, epoch, sequence, predecessor};
  return made;
}

/// Bytes that the smallest record header has.
inline std::uint64_t empty_header_bytes() {
  return wire::encode_record_header({}).value().size();
}

/// The payload that makes the smallest message with it exactly `message_bytes` long.
inline std::uint64_t payload_for_message(std::uint64_t message_bytes) {
  return message_bytes - host::message_bytes_of(empty_header_bytes());
}

} // namespace outsize::test
