// What a commit or reference entry says of its record, and the descriptions that readers asked for last: a payload is
// read in many questions, and only the first of them has to fetch the entry.
//
// A description of a committed entry never changes, so it may be kept for as long as there is room. Whether its record
// may still be read is another matter: a trim hides it at once.
//
// Thread rule: one thread.
#pragma once

#include "host/chain/records.hpp"

#include <outsize/buffer.hpp>
#include <outsize/result.hpp>
#include <outsize/wire/types.hpp>

#include <cstddef>
#include <cstdint>
#include <list>
#include <variant>

namespace outsize::host {

struct large_description {
  segment_id segment;
  offset_t offset = 0;   ///< of the record
  std::uint64_t set = 0; ///< of a split record
  std::variant<wire::split_record, wire::spilled_record> kept;

  [[nodiscard]] std::uint64_t payload_bytes() const {
    return std::visit([](const auto &record) { return record.payload_bytes; }, kept);
  }
};

/// `body` is that of the entry: record header, then description. invalid_argument for an entry of another kind,
/// malformed where its numbers cannot be.
result<large_description> describe_large(const wire::entry_header &header, const rope &body);

class description_cache {
public:
  /// Null when it is not kept. Valid until the next put.
  [[nodiscard]] const large_description *find(std::uint64_t log, offset_t offset);
  void put(large_description what);

  static constexpr std::size_t kept_max = 64;

private:
  std::list<large_description> kept_; ///< the last asked for first
};

} // namespace outsize::host
