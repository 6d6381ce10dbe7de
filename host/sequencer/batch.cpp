#include "host/sequencer/batch.hpp"

#include <outsize/wire/codec.hpp>

#include <algorithm>

namespace outsize::host {
namespace {

buffer header_of(const admitted_record &record, wire::offset_t offset, const entry_origin &origin) {
  wire::entry_header header;
  header.segment = origin.segment;
  header.offset = offset;
  header.generation = origin.generation;
  header.kind = record.kind;
  header.set = record.set;
  header.fragment_index = record.fragment_index;
  header.total_bytes = record.total_bytes;
  header.timestamp_ms = origin.timestamp_ms;
  header.record_header_bytes = record.record_header_bytes;
  header.payload_bytes = record.payload_bytes;
  header.content = record.content;
  return wire::encode_entry_header(header);
}

std::size_t count_in(const std::vector<delivery> &deliveries, delivery_state state) {
  return static_cast<std::size_t>(
      std::count_if(deliveries.begin(), deliveries.end(), [state](const delivery &one) { return one.state == state; }));
}

} // namespace

std::size_t batch::stored_count() const {
  return count_in(deliveries, delivery_state::stored);
}

std::size_t batch::in_flight_count() const {
  return count_in(deliveries, delivery_state::in_flight);
}

batch make_batch(std::vector<admitted_record> records, wire::offset_t first, const entry_origin &origin,
                 std::size_t members) {
  batch made;
  made.segment = origin.segment;
  made.first = first;
  made.end = first + records.size();
  made.message_bytes = wire::store_overhead_bytes(records.size());
  made.deliveries.resize(members);
  made.entry_headers.reserve(records.size());
  made.tickets.reserve(records.size());
  wire::offset_t offset = first;
  for (const admitted_record &record : records) {
    made.entry_headers.push_back(header_of(record, offset++, origin));
    made.payload.append(record.bytes);
    made.tickets.push_back(record.ticket);
    made.message_bytes += bytes_in_store(record);
  }
  return made;
}

} // namespace outsize::host
