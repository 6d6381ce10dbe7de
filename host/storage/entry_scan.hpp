// One ranged read of a segment's entries.
//
// Thread rule: any thread.
#pragma once

#include "host/storage/rocksdb_database.hpp"

namespace outsize::host {

/// See storage::read. Blocks. Stretches that RocksDB cannot read back come as entries without bytes.
result<read_result> scan_entries(rocksdb_database &database, const read_request &what);

} // namespace outsize::host
