#include "host/storage/entry_scan.hpp"

#include "host/storage/store_format.hpp"
#include "host/storage/stored_value.hpp"

#include <outsize/wire/codec.hpp>
#include <outsize/wire/limits.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace outsize::host {
namespace {

/// How many offsets are looked at one by one where an iterator cannot go on; the next read goes on behind them.
constexpr offset_t probes_max = 64;

/// Collects entries up to the bounds of the request.
class collector {
public:
  collector(const read_request &what, bulk_reader &bulk) : what_(what), bulk_(bulk) { result_.next = what.from; }

  /// False when it does not fit any more. Nothing stands for a value that could not be read.
  [[nodiscard]] bool add(offset_t offset, const std::optional<stored_value> &value) {
    const std::uint64_t bytes = value ? bytes_wanted(*value) : 0;
    if (!has_room_for(bytes)) {
      return false;
    }
    bytes_ += bytes;
    result_.entries.push_back({offset, value ? bytes_of(*value) : buffer()});
    result_.next = offset + 1;
    return true;
  }
  void looked_at_all_below(offset_t next) { result_.next = next; }
  [[nodiscard]] offset_t next() const { return result_.next; }
  read_result take() { return std::move(result_); }

private:
  [[nodiscard]] bool has_room_for(std::uint64_t bytes) const {
    const bool full = result_.entries.size() == what_.count_max || bytes_ >= what_.bytes_max;
    return result_.entries.empty() || (!full && bytes <= what_.bytes_max - bytes_);
  }
  [[nodiscard]] bool wants_header_only(const stored_value &value) const {
    const std::span head(reinterpret_cast<const std::uint8_t *>(value.head.data()), value.head.size());
    return what_.headers_only ||
           (what_.fragments_as_headers && wire::is_maybe_entry_of(wire::entry_kind::fragment, head));
  }
  [[nodiscard]] std::uint64_t bytes_wanted(const stored_value &value) const {
    const std::uint64_t bytes = value.place ? value.place->bytes : value.head.size();
    return wants_header_only(value) ? std::min(bytes, wire::entry_header_bytes) : bytes;
  }
  [[nodiscard]] buffer bytes_of(const stored_value &value) {
    if (wants_header_only(value)) {
      return buffer::copy_of(value.head.substr(0, wire::entry_header_bytes));
    }
    return value.place ? bulk_.read(*value.place) : buffer::copy_of(value.head);
  }

  const read_request &what_;
  bulk_reader &bulk_;
  read_result result_;
  std::uint64_t bytes_ = 0;
};

rocksdb::Slice slice_of(const entry_key &key) {
  return {key.data(), key.size()};
}

bool is_damage(const rocksdb::Status &status) {
  return status.IsCorruption() || status.IsIOError();
}

/// Offset by offset, so that the damaged ones are told from those around them.
result<read_result> probe(rocksdb_database &database, const read_request &what, collector into) {
  const offset_t end = std::min(what.to, into.next() + probes_max);
  rocksdb::ReadOptions verified;
  verified.verify_checksums = true;
  rocksdb::PinnableSlice value;
  for (offset_t offset = into.next(); offset < end; ++offset) {
    value.Reset();
    const auto got =
        database.db().Get(verified, database.entries(), slice_of(encode_entry_key(what.segment, offset)), &value);
    if (!got.ok() && !got.IsNotFound() && !is_damage(got)) {
      return storage_error("a read failed", got);
    }
    const auto decoded = got.ok() ? decode_value(value.ToStringView()) : std::nullopt;
    if (!got.IsNotFound() && !into.add(offset, decoded)) {
      return into.take();
    }
    into.looked_at_all_below(offset + 1);
  }
  return into.take();
}

} // namespace

result<read_result> scan_entries(rocksdb_database &database, bulk_reader &bulk, const read_request &what) {
  collector into(what, bulk);
  if (what.from >= what.to) {
    return into.take();
  }
  const entry_key first = encode_entry_key(what.segment, what.from);
  const entry_key end = encode_entry_key(what.segment, what.to);
  const rocksdb::Slice end_slice = slice_of(end);
  rocksdb::ReadOptions bounded;
  bounded.verify_checksums = true;
  bounded.iterate_upper_bound = &end_slice;
  const std::unique_ptr<rocksdb::Iterator> at(database.db().NewIterator(bounded, database.entries()));
  for (at->Seek(slice_of(first)); at->Valid(); at->Next()) {
    if (!into.add(offset_in_entry_key(at->key().ToStringView()), decode_value(at->value().ToStringView()))) {
      return into.take();
    }
  }
  if (is_damage(at->status())) {
    return probe(database, what, std::move(into));
  }
  if (!at->status().ok()) {
    return storage_error("a read failed", at->status());
  }
  into.looked_at_all_below(what.to);
  return into.take();
}

} // namespace outsize::host
