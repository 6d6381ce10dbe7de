// Entries and stores as a sequencer would send them, for tests of what receives them.
//
// Thread rule: free functions without state.
#pragma once

#include <outsize/wire/codec.hpp>
#include <outsize/wire/messages.hpp>

#include <cstdint>
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

/// With these facts; the size of the payload and the digest are filled in.
inline made_entry make_entry(const wire::entry_header &facts, std::string_view body) {
  made_entry made;
  made.body = rope(buffer::copy_of(body));
  made.facts = facts;
  made.facts.payload_bytes = body.size() - facts.record_header_bytes;
  made.facts.content = wire::digest_of(made.body);
  made.header = wire::encode_entry_header(made.facts);
  return made;
}

inline made_entry make_entry(const wire::segment_id &segment, wire::offset_t offset, std::string_view payload,
                             wire::generation_t generation = 1) {
  wire::entry_header facts;
  facts.segment = segment;
  facts.offset = offset;
  facts.generation = generation;
  return make_entry(facts, payload);
}

/// A fragment of some record that is large enough for it.
inline made_entry make_fragment(const wire::segment_id &segment, wire::offset_t offset, std::uint64_t set,
                                std::uint32_t index, std::string_view payload, wire::generation_t generation = 1) {
  wire::entry_header facts;
  facts.segment = segment;
  facts.offset = offset;
  facts.generation = generation;
  facts.kind = wire::entry_kind::fragment;
  facts.set = set;
  facts.fragment_index = index;
  facts.total_bytes = std::uint64_t{1} << 32;
  return make_entry(facts, payload);
}

/// As it lies in a store.
inline rope whole_entry(const made_entry &made) {
  rope bytes(made.header);
  bytes.append(made.body);
  return bytes;
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

/// A store of these very entries, which lie side by side.
inline made_store make_store(const std::vector<made_entry> &entries, wire::generation_t generation = 1) {
  made_store made;
  made.message.segment = entries.front().facts.segment;
  made.message.generation = generation;
  made.message.wave = 1;
  made.message.first = entries.front().facts.offset;
  for (const made_entry &entry : entries) {
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
