#include "host/segment/large_description.hpp"

#include <outsize/wire/codec.hpp>
#include <outsize/wire/limits.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace outsize::host {
namespace {

error malformed(const wire::entry_header &header, const std::string &why) {
  return make_error(code::malformed, fmt::format("offset {}: {}", header.offset, why));
}

result<large_description> describe_split(const wire::entry_header &header, std::span<const std::uint8_t> bytes) {
  const result<wire::split_record> split = wire::decode_split_record(bytes);
  if (!split) {
    return malformed(header, split.error().text);
  }
  // Sizes are reckoned with: none of them may be beyond what an entry can have.
  if (split->fragment_bytes > wire::message_limit_bytes_max || split->last >= header.offset) {
    return malformed(header, fmt::format("a commit entry of fragments of {} bytes at offsets {} to {}",
                                         split->fragment_bytes, split->first, split->last));
  }
  return large_description{header.segment, header.offset, header.set, split.value()};
}

result<large_description> describe_spilled(const wire::entry_header &header, std::span<const std::uint8_t> bytes) {
  result<wire::spilled_record> spilled = wire::decode_spilled_record(bytes);
  if (!spilled) {
    return malformed(header, spilled.error().text);
  }
  return large_description{header.segment, header.offset, 0, std::move(spilled).value()};
}

} // namespace

result<large_description> describe_large(const wire::entry_header &header, const rope &body) {
  const buffer bytes = body.slice(header.record_header_bytes, header.payload_bytes).flatten();
  switch (header.kind) {
  case wire::entry_kind::commit:
    return describe_split(header, bytes.span());
  case wire::entry_kind::reference:
    return describe_spilled(header, bytes.span());
  default:
    return make_error(code::invalid_argument, fmt::format("the record at offset {} is stored whole", header.offset),
                      "read it with its payload");
  }
}

const large_description *description_cache::find(std::uint64_t log, offset_t offset) {
  const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const large_description &one) {
    return one.segment.log == log && one.offset == offset;
  });
  if (found == kept_.end()) {
    return nullptr;
  }
  kept_.splice(kept_.begin(), kept_, found);
  return &kept_.front();
}

void description_cache::put(large_description what) {
  if (find(what.segment.log, what.offset) != nullptr) {
    return;
  }
  kept_.push_front(std::move(what));
  if (kept_.size() > kept_max) {
    kept_.pop_back();
  }
}

} // namespace outsize::host
