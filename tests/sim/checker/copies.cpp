#include "sim/checker/copies.hpp"

#include <outsize/wire/codec.hpp>
#include <outsize/wire/limits.hpp>

#include <algorithm>

namespace outsize::sim {

void copies::on_durable(const std::string &server, const host::commit &what) {
  segment_copies &of = segment_of(what.segment);
  for (const host::entry_write &write : what.entries) {
    take(server, what, write);
  }
  advance(what.segment, of);
  check_window(what.segment, of);
  check_row(server, what.segment, what.row);
  of.rows[server] = what.row;
}

void copies::take(const std::string &server, const host::commit &what, const host::entry_write &write) {
  const auto header = write.bytes.size() < wire::entry_header_bytes
                          ? result<wire::entry_header>(make_error(code::malformed, "too short"))
                          : wire::decode_entry_header(write.bytes.slice(0, wire::entry_header_bytes).flatten().span());
  if (!header || header->segment != what.segment || header->offset != write.offset) {
    found_.add("form", "{} wrote something at {}/{} offset {} that is not its entry", server, what.segment.log,
               what.segment.index, write.offset);
    return;
  }
  const rope body = write.bytes.slice(wire::entry_header_bytes, write.bytes.size() - wire::entry_header_bytes);
  if (const auto intact = wire::verify_entry(header.value(), body); !intact) {
    found_.add("L7", "{} wrote a damaged entry at {}/{} offset {}: {}", server, what.segment.log, what.segment.index,
               write.offset, intact.error().text);
  }
  ++entries_written_;
  segment_copies &of = segment_of(what.segment);
  auto &entries = of.entries;
  const auto before = entries.find(write.offset);
  if (before != entries.end()) {
    check_value(before->second, header.value(), server);
    before->second.holders.insert(server);
    return;
  }
  check_new(what.segment, header.value(), write.bytes.size());
  of.sets.take(header.value(), body, of.quorum_tail);
  stored_value &made = entries[write.offset];
  made.kind = header->kind;
  made.generation = header->generation;
  made.checksum = header->checksum;
  made.bytes = write.bytes.size();
  made.payload_bytes = header->payload_bytes;
  made.holders = {server};
  if (header->kind == wire::entry_kind::data) {
    made.record = header->content;
  } else if (header->kind == wire::entry_kind::commit) {
    made.split = of.sets.commit_of(header->set);
    made.record = made.split.has_value() ? made.split->content : wire::digest{};
  } else if (header->kind == wire::entry_kind::reference) {
    made.spilled = take_reference(header.value(), body);
    made.record = made.spilled.has_value() ? made.spilled->content : wire::digest{};
  } else if (header->kind == wire::entry_kind::fragment) {
    of.largest_fragment = std::max(of.largest_fragment, header->payload_bytes);
  }
}

bool copies::has_blob(const wire::spilled_record &what) const {
  const auto found = shelf_.blobs.find(what.key);
  return found != shelf_.blobs.end() && found->second.size() == what.payload_bytes;
}

std::optional<wire::spilled_record> copies::take_reference(const wire::entry_header &entry, const rope &body) {
  seen_.add("rule/L9");
  seen_.add("spill/reference");
  const buffer last = body.slice(entry.record_header_bytes, entry.payload_bytes).flatten();
  const auto spilled = wire::decode_spilled_record(last.span());
  if (!spilled) {
    found_.add("form", "{}/{} offset {}: the reference cannot be read: {}", entry.segment.log, entry.segment.index,
               entry.offset, spilled.error().text);
    return std::nullopt;
  }
  if (!has_blob(spilled.value())) {
    found_.add("L9", "{}/{} offset {} refers to blob {} of {} bytes, which is not durable", entry.segment.log,
               entry.segment.index, entry.offset, spilled->key, spilled->payload_bytes);
    return spilled.value();
  }
  rope whole = body.slice(0, entry.record_header_bytes);
  whole.append(shelf_.blobs.at(spilled->key));
  if (wire::digest_of(whole) != spilled->content) {
    found_.add("L9", "{}/{} offset {} refers to blob {}, which holds another payload", entry.segment.log,
               entry.segment.index, entry.offset, spilled->key);
  }
  return spilled.value();
}

void copies::check_value(const stored_value &before, const wire::entry_header &now, const std::string &server) {
  seen_.add("rule/L2");
  if (before.generation == now.generation && before.checksum == now.checksum) {
    return;
  }
  found_.add("L2",
             "{}/{} offset {} has two values: generation {} checksum {} on {}, and generation {} checksum {} on {}",
             now.segment.log, now.segment.index, now.offset, before.generation, wire::to_hex(before.checksum),
             *before.holders.begin(), now.generation, wire::to_hex(now.checksum), server);
}

void copies::check_new(const segment_id &segment, const wire::entry_header &entry, std::uint64_t bytes) {
  const host::segment_record *record = chains_.segment(segment);
  if (record == nullptr) {
    found_.add("L1", "{}/{} offset {} was written before the segment was in its chain", segment.log, segment.index,
               entry.offset);
    return;
  }
  if (bytes == wire::entry_bytes_max(record->segment_limit_bytes)) {
    seen_.add("size/entry-at-limit");
  }
  if (bytes > wire::entry_bytes_max(record->segment_limit_bytes)) {
    found_.add("Z1", "{}/{} offset {} holds an entry of {} bytes; the segment limit {} allows {}", segment.log,
               segment.index, entry.offset, bytes, record->segment_limit_bytes,
               wire::entry_bytes_max(record->segment_limit_bytes));
  }
  if (entry.kind != wire::entry_kind::filler && entry.generation != record->generation) {
    found_.add("L1", "{}/{} offset {} was assigned by generation {}, the segment's writer is {}", segment.log,
               segment.index, entry.offset, entry.generation, record->generation);
  }
  if (entry.offset < record->base) {
    found_.add("L2", "{}/{} offset {} lies before the segment's base {}", segment.log, segment.index, entry.offset,
               record->base);
  }
}

void copies::check_row(const std::string &server, const segment_id &segment, const host::segment_row &now) {
  const segment_copies &of = segment_of(segment);
  if (const auto last = of.rows.find(server); last != of.rows.end()) {
    const host::segment_row &before = last->second;
    seen_.add("rule/L5");
    if (now.global_tail < before.global_tail || now.local_tail < before.local_tail) {
      found_.add("L5", "{} moved a tail of {}/{} back: local {} to {}, global {} to {}", server, segment.log,
                 segment.index, before.local_tail, now.local_tail, before.global_tail, now.global_tail);
    }
    if (now.fence < before.fence || (before.sealed && !now.sealed)) {
      found_.add("L6", "{} took back a seal or fence of {}/{}", server, segment.log, segment.index);
    }
  }
  if (now.global_tail > wire::first_offset) {
    seen_.add("rule/L4");
  }
  if (!now.holes.empty()) {
    seen_.add("server/holes");
  }
  if (now.global_tail > std::max<offset_t>(of.quorum_tail, wire::first_offset)) {
    found_.add("L4", "{} believes {}/{} committed below {}, but only what is below {} is on a write quorum", server,
               segment.log, segment.index, now.global_tail, of.quorum_tail);
  }
}

void copies::advance(const segment_id &segment, segment_copies &of) {
  const host::segment_record *record = chains_.segment(segment);
  if (record == nullptr) {
    return;
  }
  of.quorum_tail = std::max(of.quorum_tail, record->base);
  for (auto at = of.entries.find(of.quorum_tail);
       at != of.entries.end() && at->first == of.quorum_tail && at->second.holders.size() >= record->replication;
       ++at) {
    ++of.quorum_tail;
  }
}

const stored_value *copies::find(const segment_id &segment, offset_t offset) const {
  const auto of = segments_.find(segment);
  if (of == segments_.end()) {
    return nullptr;
  }
  const auto entry = of->second.entries.find(offset);
  return entry == of->second.entries.end() ? nullptr : &entry->second;
}

offset_t copies::quorum_tail(const segment_id &segment) const {
  const auto of = segments_.find(segment);
  const host::segment_record *record = chains_.segment(segment);
  const offset_t base = record == nullptr ? wire::first_offset : record->base;
  return of == segments_.end() ? base : std::max(base, of->second.quorum_tail);
}

const host::segment_row *copies::row(const std::string &server, const segment_id &segment) const {
  const auto of = segments_.find(segment);
  if (of == segments_.end()) {
    return nullptr;
  }
  const auto row = of->second.rows.find(server);
  return row == of->second.rows.end() ? nullptr : &row->second;
}

bool copies::holds_record(const wire::digest &content) const {
  for (const auto &[segment, of] : segments_) {
    const host::segment_record *record = chains_.segment(segment);
    const offset_t end = record == nullptr ? 0 : record->end.value_or(UINT64_MAX);
    for (const auto &[offset, value] : of.entries) {
      if (offset < end && is_record(value.kind) && value.record == content) {
        return true;
      }
    }
  }
  return false;
}

/// Fragments that are on a disk and not committed are on their way, for all that their sequencer can know.
void copies::check_window(const segment_id &segment, const segment_copies &of) {
  std::uint64_t on_their_way = 0;
  for (auto at = of.entries.lower_bound(of.quorum_tail); at != of.entries.end(); ++at) {
    on_their_way += at->second.kind == wire::entry_kind::fragment ? at->second.payload_bytes : 0;
  }
  const std::uint64_t most = std::max(bulk_window_bytes_, of.largest_fragment);
  if (on_their_way > most) {
    found_.add("Z6", "{}/{}: {} bytes of fragments are on their way, {} may be", segment.log, segment.index,
               on_their_way, most);
  }
}

void copies::check_sets_at_end() {
  for (auto &[segment, of] : segments_) {
    const host::segment_record *record = chains_.segment(segment);
    const offset_t end = record == nullptr ? 0 : record->end.value_or(of.quorum_tail);
    of.sets.check_at_end(record == nullptr ? 0 : record->base, end, [&of](offset_t offset) {
      const auto found = of.entries.find(offset);
      return found == of.entries.end() || found->second.kind == wire::entry_kind::filler;
    });
  }
}

} // namespace outsize::sim
