// One look-up of where the fragments of a split set lie.
//
// Thread rule: any thread, as RocksDB allows.
#pragma once

#include "host/storage/rocksdb_database.hpp"

namespace outsize::host {

/// See storage::find_fragments. Blocks.
result<fragment_result> scan_fragments(rocksdb_database &database, const fragment_request &what);

} // namespace outsize::host
