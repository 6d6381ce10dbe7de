// Sees to it that every node uses the same blob stores: compares each store's marker with the one that the metadata
// knows, and makes and records the first one.
//
// Of several nodes that begin at once the store takes one marker, and the metadata one id. A node whose store is
// another one than theirs, because its directory is not the shared one, finds a different id there and refuses it.
//
// Thread rule: the node's loop thread.
#pragma once

#include "host/blob/blob_stores.hpp"
#include "host/node/context.hpp"

#include <cstdint>
#include <memory>
#include <set>
#include <string>

namespace outsize::host {

class blob_keeper {
public:
  /// `stores` outlives it.
  blob_keeper(node_context &node, blob_stores &stores) : node_(node), stores_(stores) {}
  ~blob_keeper() { *alive_ = false; }
  blob_keeper(const blob_keeper &) = delete;
  blob_keeper &operator=(const blob_keeper &) = delete;

  void on_view_changed() { is_due_ = true; }
  void on_time();
  [[nodiscard]] time_point next_time() const { return is_due_ ? node_.now : retry_at_; }

private:
  void keep(const blob_store_facts &store);
  void make_marker(const std::string &store);
  void record(const std::string &store, const std::string &marker);
  void done(const std::string &store, bool again);

  node_context &node_;
  blob_stores &stores_;
  std::uint64_t seen_revision_ = 0; ///< of the stores
  bool is_due_ = true;
  time_point retry_at_ = never;
  std::set<std::string> busy_; ///< stores with a marker or a record under way
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace outsize::host
