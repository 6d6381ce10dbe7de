#include "host/logserver/fetched_runs.hpp"

#include "host/logserver/store_check.hpp"

#include <outsize/wire/codec.hpp>

#include <fmt/format.h>

#include <utility>

namespace outsize::host {
namespace {

error malformed(const wire::fetched &answer, std::string_view why) {
  return make_error(code::malformed, fmt::format("entries fetched of {}: {}", name_of(answer.segment), why));
}

} // namespace

result<std::vector<fetched_run>> runs_of(const wire::fetched &answer, const rope &payload, const offset_range &asked) {
  std::vector<fetched_run> runs;
  offset_t expected = 0;
  offset_t least = asked.from;
  std::uint64_t at = 0;
  for (const buffer &encoded : answer.entry_headers) {
    const auto header = wire::decode_entry_header(encoded.span());
    if (!header) {
      return header.error();
    }
    if (header->offset < least || header->offset >= asked.to) {
      return malformed(answer, fmt::format("{} was not asked for or is out of order", header->offset));
    }
    const std::uint64_t left = payload.size() - at;
    if (header->payload_bytes > left || header->record_header_bytes > left - header->payload_bytes) {
      return malformed(answer, fmt::format("the payload ends inside the entry at {}", header->offset));
    }
    if (header->offset != expected) {
      runs.emplace_back();
      runs.back().message.segment = answer.segment;
      runs.back().message.first = header->offset;
    }
    const std::uint64_t bytes = header->record_header_bytes + header->payload_bytes;
    runs.back().message.entry_headers.push_back(encoded);
    runs.back().payload.append(payload.slice(at, bytes));
    at += bytes;
    expected = least = header->offset + 1;
  }
  return at == payload.size() ? result<std::vector<fetched_run>>(std::move(runs))
                              : malformed(answer, "bytes of payload that belong to no entry");
}

} // namespace outsize::host
