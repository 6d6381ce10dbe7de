#include "sim/checker/traffic.hpp"

#include <outsize/wire/limits.hpp>

#include <algorithm>

namespace outsize::sim {

namespace {

/// So often a server may refuse one store for good: the answer to a store that was given up may come late.
constexpr std::uint32_t refusals_of_one_store_max = 3;

template <class Message> std::optional<Message> decoded(const sighting &message) {
  auto made = wire::decode<Message>(message.parts.front());
  return made ? std::optional<Message>(std::move(made).value()) : std::nullopt;
}

/// A refusal that lies in the store itself. What lies in the server's disk is none: it may be read again later.
bool is_for_good(code refused) {
  const retry_class again = retry_of(refused);
  return again != retry_class::later && again != retry_class::reconnect && refused != code::storage_failed;
}

/// Tells the questions of one link from those of others; a machine's with itself have numbers of their own.
std::string request_key(const sighting &message) {
  return message.connection == 0 ? message.from : std::to_string(message.connection);
}

bool is_bulk(wire::kind what) {
  switch (what) {
  case wire::kind::append:
  case wire::kind::append_piece:
  case wire::kind::store:
  case wire::kind::fetched:
  case wire::kind::set_fetched:
  case wire::kind::records:
  case wire::kind::payload_piece:
    return true;
  default:
    return false;
  }
}

} // namespace

void traffic::on_message(const sighting &message) {
  if (message.bytes > message.limit_bytes) {
    found_.add(message.from == message.to ? "Z3" : "Z1",
               "a message of {} bytes went from {} to {}, whose link takes {}", message.bytes, message.from, message.to,
               message.limit_bytes);
  }
  seen_.add("rule/Z1");
  if (message.bytes == message.limit_bytes) {
    seen_.add("size/message-at-limit");
  }
  const auto envelope = wire::decode_envelope(message.parts.front().span());
  if (!envelope) {
    found_.add("form", "{} sent {} something without an envelope: {}", message.from, message.to, envelope.error().text);
    return;
  }
  std::uint64_t *&count = sent_[static_cast<std::size_t>(envelope->what) % sent_.size()];
  if (count == nullptr) {
    count = &seen_.counter("sent/" + std::string(wire::name_of(envelope->what)));
  }
  ++*count;
  if (message.connection != 0) {
    on_link(links_[message.connection], message, envelope->what);
  }
  switch (envelope->what) {
  case wire::kind::store:
    on_store(message, envelope->number, decoded<wire::store>(message).value_or(wire::store{}));
    return;
  case wire::kind::stored:
    on_stored(message, envelope->number, decoded<wire::stored>(message).value_or(wire::stored{}));
    return;
  case wire::kind::sealed:
    if (const auto answer = decoded<wire::sealed>(message); answer && !answer->refused.has_value()) {
      seen_.add("rule/L6");
      check_state(message, answer->segment, answer->state);
    }
    return;
  case wire::kind::appended:
    on_appended(decoded<wire::appended>(message).value_or(wire::appended{}));
    return;
  case wire::kind::records:
    on_records(message, decoded<wire::records>(message).value_or(wire::records{}));
    return;
  case wire::kind::append_piece:
    on_piece(message);
    return;
  default:
    return;
  }
}

/// Only what makes a record visible goes to readers: fragments reach them as the payload that they are.
void traffic::on_records(const sighting &message, const wire::records &answer) {
  for (const buffer &encoded : answer.entry_headers) {
    const auto header = wire::decode_entry_header(encoded.span());
    if (header && !is_record(header->kind)) {
      found_.add("L7", "{} sent {} offset {} as a record, which is an entry of kind {}", message.from, message.to,
                 header->offset, static_cast<int>(header->kind));
    }
  }
}

void traffic::on_piece(const sighting &message) {
  seen_.add(chains_.node(message.from) == nullptr ? "split/piece-sent" : "split/piece-relayed");
}

/// Neighbours of a record that was refused for its size are taken.
void traffic::on_appended(const wire::appended &answer) {
  const auto refused = [](const wire::append_result &one) {
    return one.refused.has_value() && one.refused->why == code::too_large;
  };
  const auto taken = [](const wire::append_result &one) { return !one.refused.has_value(); };
  const std::vector<wire::append_result> &all = answer.results;
  if (std::any_of(all.begin(), all.end(), refused) && std::any_of(all.begin(), all.end(), taken)) {
    seen_.add("rule/Z4");
  }
}

// ---- links ----------------------------------------------------------------------------------------------------------

void traffic::on_link(link &over, const sighting &message, wire::kind what) {
  if (over.what == wire::link_class::control && is_bulk(what)) {
    found_.add("Z6", "a {} of {} bytes went from {} to {} on their control link", wire::name_of(what), message.bytes,
               message.from, message.to);
  }
  switch (what) {
  case wire::kind::hello:
    return on_hello(over, message, decoded<wire::hello>(message).value_or(wire::hello{}));
  case wire::kind::welcome:
    return on_hello(over, message, decoded<wire::welcome>(message).value_or(wire::welcome{}));
  case wire::kind::part:
    return on_part(over, message);
  case wire::kind::credit:
    return on_credit(over, message, decoded<wire::credit>(message).value_or(wire::credit{}));
  default:
    return;
  }
}

void traffic::on_hello(link &over, const sighting &message, const wire::hello &said) {
  over.what = over.what.value_or(said.link);
  over.flows[1 - message.side].window_bytes = said.part_window_bytes;
}

void traffic::on_part(link &over, const sighting &message) {
  const auto head = decoded<wire::part>(message);
  if (!head || message.bytes == message.parts.front().size()) {
    return; // the end of one that was given up
  }
  if (head->from == 0 && head->total_bytes > message.limit_bytes) {
    seen_.add("rule/Z7");
  }
  flow &way = over.flows[message.side];
  way.uncredited_bytes += message.bytes;
  seen_.add("rule/Z6");
  if (way.uncredited_bytes > way.window_bytes) {
    found_.add("Z6", "{} bytes of parts from {} to {} are without credit, the window is {}", way.uncredited_bytes,
               message.from, message.to, way.window_bytes);
  }
}

void traffic::on_credit(link &over, const sighting &message, const wire::credit &given) {
  flow &way = over.flows[1 - message.side];
  if (given.bytes > way.uncredited_bytes) {
    found_.add("Z6", "{} gave {} credit for {} bytes of parts, {} were sent", message.from, message.to, given.bytes,
               way.uncredited_bytes);
  }
  way.uncredited_bytes -= std::min(given.bytes, way.uncredited_bytes);
}

// ---- stores ---------------------------------------------------------------------------------------------------------

void traffic::on_store(const sighting &message, std::uint64_t number, const wire::store &store) {
  const host::segment_record *segment = chains_.segment(store.segment);
  if (segment == nullptr) {
    found_.add("L1", "{} sent {} a store to {}/{}, which is in no chain", message.from, message.to, store.segment.log,
               store.segment.index);
    return;
  }
  if (store.global_tail > copies_.quorum_tail(store.segment)) {
    found_.add("L4", "{} told {} that {}/{} is committed below {}, but only what is below {} is on a write quorum",
               message.from, message.to, store.segment.log, store.segment.index, store.global_tail,
               copies_.quorum_tail(store.segment));
  }
  if (store.flags == 0) {
    check_first_store(message, store, *segment);
    asked_[{request_key(message), number}] = {message.to, store.segment, store.generation, store.first};
    seen_.add(store.wave > 1 ? "sent/store-again" : "sent/store-first");
    seen_.add(store.entry_headers.size() > 1 ? "sent/store-of-many" : "sent/store-of-one");
  } else {
    seen_.add("sent/store-of-repair");
  }
}

void traffic::check_first_store(const sighting &message, const wire::store &store,
                                const host::segment_record &segment) {
  if (store.generation != segment.generation) {
    found_.add("L1", "{} stores into {}/{} as generation {}, the segment's writer is {}", message.from,
               store.segment.log, store.segment.index, store.generation, segment.generation);
  }
  if (message.bytes > segment.segment_limit_bytes) {
    found_.add(store.entry_headers.size() > 1 ? "Z4"
               : message.from == message.to   ? "Z3"
                                              : "Z1",
               "{} sent {} a store of {} bytes with {} entries, the segment limit is {}", message.from, message.to,
               message.bytes, store.entry_headers.size(), segment.segment_limit_bytes);
  }
  if (message.limit_bytes < segment.segment_limit_bytes) {
    found_.add("Z8", "{} uses {} in {}/{}, although its link takes {} and the segment limit is {}", message.from,
               message.to, store.segment.log, store.segment.index, message.limit_bytes, segment.segment_limit_bytes);
  }
  seen_.add("rule/L1");
  if (message.from == message.to) {
    seen_.add("rule/Z3");
  }
}

void traffic::on_stored(const sighting &message, std::uint64_t number, const wire::stored &answer) {
  if (!answer.refused.has_value()) {
    check_state(message, answer.segment, answer.state);
    return;
  }
  seen_.add("store-refused/" + std::string(name_of(answer.refused->why)));
  const auto asked = asked_.find({request_key(message), number});
  if (asked == asked_.end() || !is_for_good(answer.refused->why)) {
    return;
  }
  if (++refused_[asked->second] > refusals_of_one_store_max) {
    found_.add("Z5", "{} refused a store to {}/{} at offset {} with {} for the {}th time", message.from,
               answer.segment.log, answer.segment.index, std::get<3>(asked->second), name_of(answer.refused->why),
               refused_[asked->second]);
  }
}

/// What a log server says of itself must be on its disk.
void traffic::check_state(const sighting &message, const segment_id &segment, const wire::server_state &state) {
  const host::segment_record *record = chains_.segment(segment);
  const host::segment_row *row = copies_.row(message.from, segment);
  const offset_t base = record == nullptr ? wire::first_offset : record->base;
  const offset_t durable = std::max(base, row == nullptr ? wire::no_offset : row->local_tail);
  if (state.local_tail > durable) {
    found_.add("L3", "{} said that it has {}/{} below {}, its disk has what is below {}", message.from, segment.log,
               segment.index, state.local_tail, durable);
  }
  if ((state.sealed != 0 && (row == nullptr || !row->sealed)) || state.fence > (row == nullptr ? 0 : row->fence)) {
    found_.add("L6", "{} said that {}/{} is sealed against generations below {}, its disk does not know it",
               message.from, segment.log, segment.index, state.fence);
  }
}

} // namespace outsize::sim
