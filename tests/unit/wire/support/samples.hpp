// One message of every kind with every field set to something that is not its default, for tests that go over all.
#pragma once

#include <outsize/wire/codec.hpp>
#include <outsize/wire/messages.hpp>

#include <string>
#include <vector>

namespace outsize::wire::test {

template <class Message> Message sample();

/// The payload that belongs to sample<Message>(); empty for most kinds.
template <class Message> rope sample_payload() {
  return {};
}
template <> rope sample_payload<append>();
template <> rope sample_payload<records>();
template <> rope sample_payload<store>();
template <> rope sample_payload<open_append>();
template <> rope sample_payload<append_piece>();
template <> rope sample_payload<payload_piece>();
template <> rope sample_payload<fetched>();
template <> rope sample_payload<set_fetched>();

record_header sample_record_header();
/// The entry at `offset` of the sample record.
entry_header sample_entry_header(offset_t offset = 4129);
split_record sample_split_record();
spilled_record sample_spilled_record();
aborted_set sample_aborted_set();
/// Record header, then payload, of the sample entry.
rope sample_body();

/// The number that samples carry in their envelope.
inline constexpr std::uint64_t sample_number = 7;

/// The whole header part of sample<Message>().
template <class Message> buffer sample_header() {
  return seal_envelope(encode(sample<Message>()), Message::number, sample_number);
}

/// Calls `visit.template operator()<Message>()` for every kind of message.
template <class Visit> void for_each_message(Visit &&visit) {
#define OUTSIZE_TEST_VISIT(name) visit.template operator()<name>();
  OUTSIZE_WIRE_MESSAGES(OUTSIZE_TEST_VISIT)
#undef OUTSIZE_TEST_VISIT
}

} // namespace outsize::wire::test
