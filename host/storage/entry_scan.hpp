// One ranged read of a segment's entries.
//
// Thread rule: the thread of the bulk reader.
#pragma once

#include "host/storage/bulk_files.hpp"
#include "host/storage/rocksdb_database.hpp"

namespace outsize::host {

/// See storage::read. Blocks. What cannot be read back comes as entries without bytes.
result<read_result> scan_entries(rocksdb_database &database, bulk_reader &bulk, const read_request &what);

} // namespace outsize::host
