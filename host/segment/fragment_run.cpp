#include "host/segment/fragment_run.hpp"

#include <outsize/wire/codec.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace outsize::host {
namespace {

/// Is it the one fragment that belongs there? The rest of its header follows from the digest.
bool is_fragment_of(const wire::entry_header &header, const large_description &record, const wire::split_record &split,
                    std::uint32_t index) {
  return header.kind == wire::entry_kind::fragment && header.segment == record.segment && header.set == record.set &&
         header.fragment_index == index && header.total_bytes == split.payload_bytes &&
         header.record_header_bytes == 0 && header.payload_bytes == fragment_bytes_of(split, index) &&
         header.offset >= split.first && header.offset <= split.last;
}

} // namespace

std::uint64_t fragment_bytes_of(const wire::split_record &record, std::uint32_t index) {
  return std::min(record.fragment_bytes, record.payload_bytes - index * record.fragment_bytes);
}

fragment_run take_fragments(const wire::set_fetched &answer, const rope &payload, const large_description &record,
                            std::uint32_t first) {
  const auto &split = std::get<wire::split_record>(record.kept);
  fragment_run run;
  for (const buffer &raw : answer.entry_headers) {
    const result<wire::entry_header> header = wire::decode_entry_header(raw.span());
    if (!header) {
      run.complaint = header.error().text;
      break;
    }
    if (first >= split.fragments || !is_fragment_of(header.value(), record, split, first)) {
      run.complaint = fmt::format("fragment {} is not there, or is not that of this record", first);
      break;
    }
    if (header->payload_bytes > payload.size() - run.bytes.size()) {
      run.complaint = "fewer bytes than its headers say";
      break;
    }
    const rope body = payload.slice(run.bytes.size(), header->payload_bytes);
    if (const result<void> intact = wire::verify_entry(header.value(), body); !intact) {
      run.complaint = fmt::format("fragment {} at offset {}: {}", first, header->offset, intact.error().text);
      break;
    }
    run.bytes.append(body);
    ++first;
  }
  return run;
}

} // namespace outsize::host
