// Compares entries of a store with those that the server holds already.
//
// Thread rule: the node's loop thread.
#pragma once

#include "host/logserver/context.hpp"
#include "host/logserver/store_check.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace outsize::host {

struct comparison {
  std::vector<std::size_t> damaged;  ///< by index in the store: lost or unreadable here, to be written again
  std::optional<offset_t> different; ///< the first offset that holds another entry
};

/// Looks at the entries of `store` with these indices (ascending) on disk, then calls `then`, unless the server is gone
/// or stopped. With `whole` the bytes are verified too; without, only headers are read, which is what a wave sent again
/// needs. Fails with what the store failed with.
void compare_with_durable(server_context &context, std::shared_ptr<const checked_store> store,
                          std::vector<std::size_t> indices, bool whole, std::function<void(result<comparison>)> then);

} // namespace outsize::host
