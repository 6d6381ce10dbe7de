#include "model_server.hpp"

#include <algorithm>

namespace outsize::test {
namespace {

wire::entry_header header_of(const buffer &raw) {
  return wire::decode_entry_header(raw.span()).value();
}

std::uint64_t body_bytes(const wire::entry_header &header) {
  return header.record_header_bytes + header.payload_bytes;
}

wire::refusal refusal_of(code why, const std::string &text) {
  return wire::to_refusal(make_error(why, text));
}

} // namespace

std::uint64_t message_bytes_of(const wire::store &message, const rope &payload) {
  return wire::encode(message).size() + payload.size();
}

std::optional<error> model_server::check(const segment &at, const wire::store &message) const {
  const bool repair = (message.flags & wire::store_is_repair) != 0;
  if (message.generation < at.state.fence) {
    return make_error(code::fenced, "generation " + std::to_string(at.state.fence) + " has fenced it");
  }
  if (at.state.sealed != 0 && !repair) {
    return make_error(code::sealed, "sealed");
  }
  if (message.first > std::max(at.state.local_tail, std::max(at.state.global_tail, message.global_tail))) {
    return make_error(code::out_of_order, "local tail is " + std::to_string(at.state.local_tail));
  }
  return std::nullopt;
}

wire::stored model_server::store(const wire::store &message, const rope &payload) {
  segment &at = segments[message.segment];
  wire::stored answer;
  answer.segment = message.segment;
  std::optional<error> why = refuses_stores.has_value() ? refuses_stores : check(at, message);
  if (const std::uint64_t bytes = message_bytes_of(message, payload); takes_bytes_max != 0 && bytes > takes_bytes_max) {
    why = size_error(code::too_large, "this server takes less", bytes, takes_bytes_max);
  }
  wire::offset_t offset = message.first;
  std::uint64_t from = 0;
  for (const buffer &raw : message.entry_headers) {
    const wire::entry_header header = header_of(raw);
    const auto held = at.entries.find(offset);
    if (!why && held != at.entries.end() && header_of(held->second.header).checksum != header.checksum) {
      why = make_error(code::offset_occupied, "another value at " + std::to_string(offset));
    }
    if (!why) {
      at.entries[offset] = {raw, payload.slice(from, body_bytes(header))};
    }
    from += body_bytes(header);
    ++offset;
  }
  at.state.global_tail = std::max(at.state.global_tail, message.global_tail);
  if (why) {
    answer.refused = wire::to_refusal(*why);
  } else {
    at.state.local_tail = std::max(at.state.local_tail, offset);
  }
  answer.state = at.state;
  return answer;
}

wire::sealed model_server::seal(const wire::seal &message) {
  segment &at = segments[message.segment];
  wire::sealed answer;
  answer.segment = message.segment;
  if (message.generation < at.state.fence) {
    answer.refused = refusal_of(code::fenced, "generation " + std::to_string(at.state.fence) + " has fenced it");
  } else {
    at.state.fence = message.generation;
    at.state.sealed = 1;
    at.state.global_tail = std::max(at.state.global_tail, message.global_tail);
  }
  answer.state = at.state;
  return answer;
}

std::pair<wire::fetched, rope> model_server::fetch(const wire::fetch &message) {
  segment &at = segments[message.segment];
  wire::fetched answer;
  rope payload;
  answer.segment = message.segment;
  answer.state = at.state;
  answer.next = message.to;
  for (auto entry = at.entries.lower_bound(message.from); entry != at.entries.end() && entry->first < message.to;
       ++entry) {
    const bool counted_out = message.count_max != 0 && answer.entry_headers.size() == message.count_max;
    const bool full = !answer.entry_headers.empty() && payload.size() + entry->second.bytes.size() > message.bytes_max;
    if (counted_out || full) {
      answer.next = entry->first;
      break;
    }
    if (std::find(damaged.begin(), damaged.end(), entry->first) != damaged.end()) {
      answer.corrupt.push_back(entry->first);
      continue;
    }
    answer.entry_headers.push_back(entry->second.header);
    const bool header_only = (message.flags & wire::fetch_for_readers) != 0 &&
                             header_of(entry->second.header).kind == wire::entry_kind::fragment;
    payload.append(header_only ? rope{} : entry->second.bytes);
  }
  return {answer, payload};
}

std::pair<wire::set_fetched, rope> model_server::fetch_set(const wire::fetch_set &message) {
  segment &at = segments[message.segment];
  const wire::offset_t tail = std::max(at.state.global_tail, message.global_tail);
  std::map<std::uint32_t, wire::offset_t> places;
  for (const auto &[offset, entry] : at.entries) {
    const wire::entry_header header = header_of(entry.header);
    if (header.kind == wire::entry_kind::fragment && header.set == message.set) {
      places[header.fragment_index] = offset;
    }
  }
  wire::set_fetched answer{message.segment, at.state, {}, std::max(message.from, message.to), {}};
  rope payload;
  std::uint32_t expected = message.from;
  for (auto place = places.lower_bound(message.from); place != places.end() && place->first < message.to; ++place) {
    const stored_entry &entry = at.entries.at(place->second);
    const bool is_damaged = std::find(damaged.begin(), damaged.end(), place->second) != damaged.end();
    const bool goes_on = answer.entry_headers.empty() ||
                         (place->first == expected && (payload.size() + entry.bytes.size() <= message.bytes_max));
    if (place->second >= tail || (!is_damaged && !goes_on)) {
      answer.next = place->first;
      break;
    }
    if (is_damaged) {
      answer.corrupt.push_back(place->second);
      continue;
    }
    answer.entry_headers.push_back(entry.header);
    payload.append(entry.bytes);
    expected = place->first + 1;
  }
  return {answer, payload};
}

wire::entries model_server::list(const wire::list_entries &message) {
  segment &at = segments[message.segment];
  wire::entries answer;
  answer.segment = message.segment;
  answer.state = at.state;
  answer.next = std::max(message.from, std::min(message.to, at.state.local_tail));
  for (auto entry = at.entries.lower_bound(message.from); entry != at.entries.end() && entry->first < message.to;
       ++entry) {
    if (message.count_max != 0 && answer.entry_headers.size() == message.count_max) {
      answer.next = entry->first;
      break;
    }
    answer.entry_headers.push_back(entry->second.header);
  }
  return answer;
}

void model_server::release(const wire::release &message) {
  segment &at = segments[message.segment];
  at.state.global_tail = std::max(at.state.global_tail, message.global_tail);
}

std::vector<wire::offset_t> model_server::offsets(const wire::segment_id &id) const {
  std::vector<wire::offset_t> made;
  if (const auto found = segments.find(id); found != segments.end()) {
    for (const auto &[offset, entry] : found->second.entries) {
      made.push_back(offset);
    }
  }
  return made;
}

std::string model_server::payload_at(const wire::segment_id &id, wire::offset_t offset) const {
  const auto found = segments.find(id);
  if (found == segments.end() || found->second.entries.count(offset) == 0) {
    return {};
  }
  const stored_entry &entry = found->second.entries.at(offset);
  const wire::entry_header header = header_of(entry.header);
  return std::string(entry.bytes.slice(header.record_header_bytes, header.payload_bytes).flatten().text());
}

} // namespace outsize::test
