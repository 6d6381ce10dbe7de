#include "host/logserver/kind_check.hpp"

#include <outsize/wire/codec.hpp>
#include <outsize/wire/limits.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

namespace outsize::host {
namespace {

using problem = std::optional<std::string>;
using body_bytes = std::vector<std::uint8_t>;

problem without_set(const wire::entry_header &header, std::string_view what) {
  return header.set == 0 ? problem(fmt::format("{} of set 0", what)) : std::nullopt;
}

problem with_record_header(const wire::entry_header &header, std::string_view what) {
  return header.record_header_bytes != 0
             ? problem(fmt::format("{} with a record header of {} bytes", what, header.record_header_bytes))
             : std::nullopt;
}

/// The fragments of a set are told by their header alone.
problem of_fragment(const wire::entry_header &header) {
  if (auto wrong = without_set(header, "a fragment")) {
    return wrong;
  }
  if (auto wrong = with_record_header(header, "a fragment")) {
    return wrong;
  }
  if (header.fragment_index >= wire::fragments_max) {
    return fmt::format("fragment {}, and a set has at most {}", header.fragment_index, wire::fragments_max);
  }
  if (header.payload_bytes == 0 || header.payload_bytes > header.total_bytes) {
    return fmt::format("a fragment of {} bytes of a record of {}", header.payload_bytes, header.total_bytes);
  }
  return std::nullopt;
}

problem of_total(const wire::entry_header &header, std::uint64_t payload_bytes) {
  return header.total_bytes != payload_bytes ? problem(fmt::format("its header says {} bytes of payload, its body {}",
                                                                   header.total_bytes, payload_bytes))
                                             : std::nullopt;
}

problem of_commit(const wire::entry_header &header, const body_bytes &body) {
  if (auto wrong = without_set(header, "a commit")) {
    return wrong;
  }
  const auto split = wire::decode_split_record(body);
  if (!split) {
    return split.error().text;
  }
  if (split->last >= header.offset) {
    return fmt::format("a commit whose last fragment is at {}", split->last);
  }
  return of_total(header, split->payload_bytes);
}

problem of_reference(const wire::entry_header &header, const body_bytes &body) {
  const auto spilled = wire::decode_spilled_record(body);
  return spilled ? of_total(header, spilled->payload_bytes) : problem(spilled.error().text);
}

problem of_abort(const wire::entry_header &header, const body_bytes &body) {
  if (auto wrong = without_set(header, "an abort")) {
    return wrong;
  }
  if (auto wrong = with_record_header(header, "an abort")) {
    return wrong;
  }
  const auto aborted = wire::decode_aborted_set(body);
  return aborted ? std::nullopt : problem(aborted.error().text);
}

/// What follows the record header, joined: what is decoded is small, and of what is not a little more is enough.
body_bytes payload_of(const wire::entry_header &header, const rope &body) {
  constexpr std::uint64_t decoded_bytes_max =
      std::max({wire::split_record_bytes, wire::spilled_record_bytes_max, wire::aborted_set_bytes_max});
  body_bytes joined;
  const rope payload = body.slice(header.record_header_bytes, std::min(header.payload_bytes, decoded_bytes_max + 1));
  for (const buffer &part : payload.parts()) {
    joined.insert(joined.end(), part.span().begin(), part.span().end());
  }
  return joined;
}

} // namespace

std::optional<std::string> what_is_wrong_with(const wire::entry_header &header, const rope &body) {
  switch (header.kind) {
  case wire::entry_kind::fragment:
    return of_fragment(header);
  case wire::entry_kind::commit:
    return of_commit(header, payload_of(header, body));
  case wire::entry_kind::reference:
    return of_reference(header, payload_of(header, body));
  case wire::entry_kind::abort:
    return of_abort(header, payload_of(header, body));
  case wire::entry_kind::data:
  case wire::entry_kind::filler:
    return std::nullopt;
  }
  return std::nullopt;
}

} // namespace outsize::host
