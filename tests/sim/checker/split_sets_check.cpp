#include "sim/checker/split_sets_check.hpp"

#include <outsize/wire/codec.hpp>

#include <algorithm>
#include <iterator>

namespace outsize::sim {

void split_sets_check::take(const wire::entry_header &entry, const rope &body, wire::offset_t quorum_tail) {
  const bool of_a_set = entry.kind == wire::entry_kind::fragment || entry.kind == wire::entry_kind::commit ||
                        entry.kind == wire::entry_kind::abort;
  if (of_a_set != (entry.set != 0)) {
    found_.add("L10", "{}/{} offset {}: an entry of kind {} is of set {}", segment_.log, segment_.index, entry.offset,
               static_cast<int>(entry.kind), entry.set);
  }
  if (!of_a_set) {
    return;
  }
  const auto [at, fresh] = sets_.try_emplace(entry.set);
  split_set &of = at->second;
  seen_.add("rule/L10");
  if (fresh) {
    of.total_bytes = entry.total_bytes;
  } else if (of.total_bytes != entry.total_bytes) {
    found_.add("L10", "{}/{} offset {}: set {} is of {} bytes, here it is said to be of {}", segment_.log,
               segment_.index, entry.offset, entry.set, of.total_bytes, entry.total_bytes);
  }
  if (entry.kind == wire::entry_kind::fragment) {
    take_fragment(of, entry);
  } else {
    take_end(of, entry, body, quorum_tail);
  }
  check_behind_end(of, entry);
}

void split_sets_check::take_fragment(split_set &of, const wire::entry_header &entry) {
  seen_.add("split/fragment");
  const auto [at, fresh] = of.fragments.try_emplace(entry.fragment_index, fragment{entry.offset, entry.payload_bytes});
  const bool in_order = (at == of.fragments.begin() || std::prev(at)->second.offset < entry.offset) &&
                        (std::next(at) == of.fragments.end() || entry.offset < std::next(at)->second.offset);
  if (!fresh || !in_order) {
    found_.add("L10", "{}/{} offset {}: fragment {} of set {} is there {}", segment_.log, segment_.index, entry.offset,
               entry.fragment_index, entry.set, fresh ? "out of order" : "twice");
  }
}

void split_sets_check::take_end(split_set &of, const wire::entry_header &entry, const rope &body,
                                wire::offset_t quorum_tail) {
  if (of.end != wire::no_offset) {
    found_.add("L10", "{}/{} offset {}: set {} ended at {} before", segment_.log, segment_.index, entry.offset,
               entry.set, of.end);
    return;
  }
  of.end = entry.offset;
  of.ended_by = entry.kind;
  const buffer last = body.slice(entry.record_header_bytes, entry.payload_bytes).flatten();
  if (entry.kind == wire::entry_kind::abort) {
    seen_.add("split/abort");
    const auto aborted = wire::decode_aborted_set(last.span());
    of.abort = aborted ? std::optional<wire::aborted_set>(aborted.value()) : std::nullopt;
  } else {
    seen_.add("split/commit");
    const auto split = wire::decode_split_record(last.span());
    of.commit = split ? std::optional<wire::split_record>(split.value()) : std::nullopt;
  }
  if (!of.commit.has_value() && !of.abort.has_value()) {
    found_.add("form", "{}/{} offset {}: what ends set {} cannot be read", segment_.log, segment_.index, entry.offset,
               entry.set);
  } else if (of.commit.has_value()) {
    check_commit(of, entry, quorum_tail);
  }
}

void split_sets_check::check_commit(const split_set &of, const wire::entry_header &entry, wire::offset_t quorum_tail) {
  seen_.add("rule/L9");
  const wire::split_record &says = *of.commit;
  std::uint64_t bytes = 0;
  for (std::uint32_t index = 0; index < says.fragments; ++index) {
    const auto at = of.fragments.find(index);
    if (at == of.fragments.end() || at->second.offset >= std::min(quorum_tail, entry.offset)) {
      found_.add("L9",
                 "{}/{} offset {}: the record of set {} is visible, but its fragment {} of {} is not committed; only "
                 "what is below {} is",
                 segment_.log, segment_.index, entry.offset, entry.set, index, says.fragments, quorum_tail);
      return;
    }
    const bool is_last = index + 1 == says.fragments;
    if (is_last ? at->second.payload_bytes > says.fragment_bytes : at->second.payload_bytes != says.fragment_bytes) {
      found_.add("L9", "{}/{} offset {}: fragment {} of set {} has {} bytes, each has {}", segment_.log, segment_.index,
                 entry.offset, index, entry.set, at->second.payload_bytes, says.fragment_bytes);
    }
    bytes += at->second.payload_bytes;
  }
  const bool has_ends = says.fragments > 0 && of.fragments.size() == says.fragments &&
                        of.fragments.begin()->second.offset == says.first &&
                        of.fragments.rbegin()->second.offset == says.last;
  if (!has_ends || bytes != says.payload_bytes || entry.total_bytes != bytes) {
    found_.add("L9",
               "{}/{} offset {}: set {} is said to have {} bytes in {} fragments from {} to {}; {} bytes in {} are "
               "there",
               segment_.log, segment_.index, entry.offset, entry.set, says.payload_bytes, says.fragments, says.first,
               says.last, bytes, of.fragments.size());
  }
}

void split_sets_check::check_behind_end(const split_set &of, const wire::entry_header &about) {
  if (of.end == wire::no_offset || of.fragments.empty()) {
    return;
  }
  if (of.fragments.rbegin()->second.offset > of.end) {
    found_.add("L10", "{}/{} offset {}: fragment {} of set {} is behind the entry at {} that ends the set",
               segment_.log, segment_.index, of.fragments.rbegin()->second.offset, of.fragments.rbegin()->first,
               about.set, of.end);
  }
  const std::uint32_t told = of.abort.has_value() ? of.abort->fragments : of.commit ? of.commit->fragments : UINT32_MAX;
  if (of.fragments.rbegin()->first >= told) {
    found_.add("L10", "{}/{} offset {}: set {} has a fragment {}, it was said to have {}", segment_.log, segment_.index,
               of.end, about.set, of.fragments.rbegin()->first, told);
  }
}

std::optional<wire::split_record> split_sets_check::commit_of(std::uint64_t set) const {
  const auto of = sets_.find(set);
  return of == sets_.end() ? std::nullopt : of->second.commit;
}

// ---- the end --------------------------------------------------------------------------------------------------------

void split_sets_check::check_at_end(wire::offset_t base, wire::offset_t end,
                                    const std::function<bool(wire::offset_t)> &is_void) const {
  for (const auto &[number, of] : sets_) {
    split_set kept = of; // what lies beyond the end of the segment is no part of the log
    std::erase_if(kept.fragments, [end](const auto &one) { return one.second.offset >= end; });
    if (kept.fragments.empty()) {
      continue;
    }
    if (kept.end == wire::no_offset || kept.end >= end) {
      seen_.add("split/cut-off");
    }
    check_gaps(number, kept, base, is_void);
  }
}

/// A fragment may be missing only where repair found nothing, and only of a set that was not committed: L9 has looked
/// at those.
void split_sets_check::check_gaps(std::uint64_t number, const split_set &of, wire::offset_t base,
                                  const std::function<bool(wire::offset_t)> &is_void) const {
  std::uint32_t expected = 0;
  wire::offset_t from = base;
  for (const auto &[index, one] : of.fragments) {
    bool has_void = index == expected;
    for (wire::offset_t offset = from; offset < one.offset && !has_void; ++offset) {
      has_void = is_void(offset);
    }
    if (!has_void) {
      found_.add("L10", "{}/{} offset {}: fragment {} of set {} is there, fragment {} was never given an offset",
                 segment_.log, segment_.index, one.offset, index, number, expected);
    }
    expected = index + 1;
    from = one.offset + 1;
  }
}

} // namespace outsize::sim
