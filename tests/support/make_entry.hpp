// Entries and stores as a sequencer would send them, for tests of what receives them.
//
// Thread rule: free functions without state.
#pragma once

#include <outsize/wire/codec.hpp>
#include <outsize/wire/messages.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace outsize::test {

struct made_entry {
  wire::entry_header facts;
  buffer header; ///< encoded
  rope body;
};

inline made_entry make_entry(const wire::segment_id &segment, wire::offset_t offset, std::string_view payload,
                             wire::generation_t generation = 1) {
  made_entry made;
  made.body = rope(buffer::copy_of(payload));
  made.facts.segment = segment;
  made.facts.offset = offset;
  made.facts.generation = generation;
  made.facts.payload_bytes = payload.size();
  made.facts.content = wire::digest_of(made.body);
  made.header = wire::encode_entry_header(made.facts);
  return made;
}

/// The payload that tests expect at an offset, where they do not care what it is.
inline std::string payload_at(wire::offset_t offset) {
  return "payload of " + std::to_string(offset);
}

struct made_store {
  wire::store message;
  rope payload;
};

inline made_store make_store(const wire::segment_id &segment, wire::offset_t first,
                             const std::vector<std::string> &payloads, wire::generation_t generation = 1) {
  made_store made;
  made.message.segment = segment;
  made.message.generation = generation;
  made.message.wave = 1;
  made.message.first = first;
  for (const std::string &payload : payloads) {
    const made_entry entry = make_entry(segment, first + made.message.entry_headers.size(), payload, generation);
    made.message.entry_headers.push_back(entry.header);
    made.payload.append(entry.body);
  }
  return made;
}

/// Offsets [first, end) with payload_at each.
inline made_store make_store(const wire::segment_id &segment, wire::offset_t first, wire::offset_t end,
                             wire::generation_t generation = 1) {
  std::vector<std::string> payloads;
  for (wire::offset_t offset = first; offset < end; ++offset) {
    payloads.push_back(payload_at(offset));
  }
  return make_store(segment, first, payloads, generation);
}

} // namespace outsize::test
