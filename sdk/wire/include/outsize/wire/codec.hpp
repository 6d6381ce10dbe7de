// Turning messages, entries and records into bytes and back.
//
// Decoders take bytes from anybody: they never throw, never read outside, allocate no more than the bytes that are
// there justify, and answer `malformed` with what was wrong. Thread rule: free functions without state.
#pragma once

#include <outsize/buffer.hpp>
#include <outsize/result.hpp>
#include <outsize/wire/messages.hpp>
#include <outsize/wire/types.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace outsize::wire {

/// Every kind of message, for code that must treat them all.
// clang-format off
#define OUTSIZE_WIRE_MESSAGES(X) \
  X(hello) X(welcome) X(goodbye) X(ping) X(pong) X(part) X(credit) X(failure) X(withdraw) \
  X(append) X(appended) X(read) X(records) X(find_tail) X(tail) \
  X(open_append) X(append_opened) X(append_piece) X(piece_taken) X(finish_append) X(append_finished) \
  X(abandon_append) X(read_payload) X(payload_piece) \
  X(store) X(stored) X(seal) X(sealed) X(fetch) X(fetched) X(list_entries) X(entries) \
  X(describe_segment) X(segment_state) X(release) X(fetch_set) X(set_fetched) \
  X(sync_metadata) X(metadata) X(update_metadata) X(metadata_updated) \
  X(command) X(command_result)
// clang-format on

/// "store", "hello"; "unknown" for a number that this version does not know.
std::string_view name_of(kind value);

struct envelope {
  kind what{};
  std::uint64_t number = 0;
};

/// A header part: room for the envelope (filled by seal_envelope) and the encoded body.
template <class Message> writable_buffer encode(const Message &message);
/// Writes kind and number into the room that encode left, and ends the writing.
buffer seal_envelope(writable_buffer header, kind what, std::uint64_t number);

/// Reads only the envelope; works for kinds that this version does not know.
result<envelope> decode_envelope(std::span<const std::uint8_t> header);
/// Reads the body of a header part whose envelope says Message::number. Buffers in the message share `header`'s bytes.
template <class Message> result<Message> decode(const buffer &header);

// ---- entries and records
// ----------------------------------------------------------------------------------------------

/// entry_header_bytes long, checksum filled in from the rest.
buffer encode_entry_header(entry_header header);
/// Checks form and checksum.
result<entry_header> decode_entry_header(std::span<const std::uint8_t> bytes);
/// Do these bytes begin as an encoded entry header of this kind does? Costs nothing and verifies nothing: for passing
/// over what need not be decoded. Bytes that are shorter than an entry header do not.
bool is_maybe_entry_of(entry_kind kind, std::span<const std::uint8_t> bytes);

/// Fails with header_too_large above record_fields_bytes_max or a name bound.
result<buffer> encode_record_header(const record_header &header);
result<record_header> decode_record_header(std::span<const std::uint8_t> bytes);

/// What a commit entry holds behind its record header; split_record_bytes long.
buffer encode_split_record(const split_record &split);
result<split_record> decode_split_record(std::span<const std::uint8_t> bytes);
/// What a reference entry holds behind its record header; at most spilled_record_bytes_max long.
buffer encode_spilled_record(const spilled_record &spilled);
result<spilled_record> decode_spilled_record(std::span<const std::uint8_t> bytes);
/// What an abort entry holds; it has no record header. At most aborted_set_bytes_max long.
buffer encode_aborted_set(const aborted_set &aborted);
result<aborted_set> decode_aborted_set(std::span<const std::uint8_t> bytes);

/// XXH3-128 over bytes that come one after the other. Movable, not copyable; allocates its state.
class running_digest {
public:
  running_digest();
  void add(std::span<const std::uint8_t> bytes);
  void add(const rope &bytes);
  /// Of everything added so far; more may follow.
  [[nodiscard]] digest value() const;

private:
  struct state_deleter {
    void operator()(void *state) const;
  };
  std::unique_ptr<void, state_deleter> state_;
};

/// XXH3-128 over the stretches, in canonical form.
digest digest_of(const rope &bytes);
digest digest_of(std::span<const std::uint8_t> bytes);
std::string to_hex(const digest &value);

/// Does `body` (record header, then payload) have the length and the digest that `header` says?
result<void> verify_entry(const entry_header &header, const rope &body);

} // namespace outsize::wire
