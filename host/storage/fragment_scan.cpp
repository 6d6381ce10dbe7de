#include "host/storage/fragment_scan.hpp"

#include "host/storage/store_format.hpp"

#include <memory>
#include <utility>

namespace outsize::host {
namespace {

rocksdb::Slice slice_of(const fragment_key &key) {
  return {key.data(), key.size()};
}

} // namespace

result<fragment_result> scan_fragments(rocksdb_database &database, const fragment_request &what) {
  fragment_result found;
  found.next = what.from;
  if (what.from >= what.to) {
    return found;
  }
  const fragment_key first = encode_fragment_key(what.segment, what.set, what.from);
  const fragment_key end = encode_fragment_key(what.segment, what.set, what.to);
  const rocksdb::Slice end_slice = slice_of(end);
  rocksdb::ReadOptions bounded;
  bounded.verify_checksums = true;
  bounded.iterate_upper_bound = &end_slice;
  const std::unique_ptr<rocksdb::Iterator> at(database.db().NewIterator(bounded, database.fragments()));
  for (at->Seek(slice_of(first)); at->Valid(); at->Next()) {
    const auto offset = decode_fragment_offset(at->value().ToStringView());
    if (!offset) {
      return offset.error();
    }
    if (what.count_max != 0 && found.places.size() == what.count_max) {
      return found;
    }
    found.places.push_back({index_in_fragment_key(at->key().ToStringView()), *offset});
    found.next = found.places.back().index + 1;
  }
  if (!at->status().ok()) {
    return storage_error("the places of fragments cannot be read", at->status());
  }
  found.next = what.to;
  return found;
}

} // namespace outsize::host
