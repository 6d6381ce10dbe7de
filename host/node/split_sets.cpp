#include "host/node/split_sets.hpp"

#include <outsize/wire/limits.hpp>

namespace outsize::host {
namespace {
constexpr std::size_t sets_listed_max = 100;
} // namespace

void split_sets::take(const wire::entry_header &header) {
  if (header.set == 0) {
    return;
  }
  split_set &set = sets_[header.set];
  if (header.kind == wire::entry_kind::fragment) {
    ++set.fragments;
    set.bytes += wire::entry_header_bytes + header.record_header_bytes + header.payload_bytes;
  }
  set.committed = set.committed || header.kind == wire::entry_kind::commit;
  set.aborted = set.aborted || header.kind == wire::entry_kind::abort;
}

nlohmann::json split_sets::uncommitted_json() const {
  std::uint64_t sets = 0;
  std::uint64_t fragments = 0;
  std::uint64_t bytes = 0;
  nlohmann::json first = nlohmann::json::array();
  for (const auto &[number, set] : sets_) {
    if (set.committed || set.fragments == 0) {
      continue;
    }
    ++sets;
    fragments += set.fragments;
    bytes += set.bytes;
    if (first.size() < sets_listed_max) {
      first.push_back({{"set", number}, {"fragments", set.fragments}, {"bytes", set.bytes}, {"aborted", set.aborted}});
    }
  }
  return {{"sets", sets}, {"fragments", fragments}, {"bytes", bytes}, {"first", first}};
}

} // namespace outsize::host
