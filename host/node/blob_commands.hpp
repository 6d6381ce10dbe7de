// The commands about spilled payloads: what a blob store holds, and what a log says of it. They are asked in stretches,
// so that neither an answer nor the time it takes grows with the log.
//
//   blob-stores      {}                             -> stores: as in status
//   blob-references  {log, from?}                   -> references: offset, store, key, bytes, part_bytes, parts
//   (digest);
//                                                      next: the offset to go on with; global_tail
//   blob-list        {log, store, after?}           -> blobs of the log behind the key `after`: key, bytes, modified_s;
//                                                      more: whether others follow
//   blob-digests     {store, key, part-bytes, from?} -> digests: of the blob's parts from the byte `from` on; next; end
//
// Thread rule: the node's loop thread.
#pragma once

#include "host/blob/blob_stores.hpp"
#include "host/node/context.hpp"
#include "host/node/read_service.hpp"

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <string>

namespace outsize::host {

class blob_commands {
public:
  blob_commands(node_context &node, read_service &reads) : node_(node), reads_(reads) {}
  ~blob_commands() { *alive_ = false; }
  blob_commands(const blob_commands &) = delete;
  blob_commands &operator=(const blob_commands &) = delete;

  void on_command(const asker &to, const std::string &name, const std::string &arguments);

private:
  void list_stores(const asker &to) const;
  void list_references(const asker &to, const nlohmann::json &arguments);
  void list_blobs(const asker &to, const nlohmann::json &arguments);
  void digest_parts(const asker &to, const nlohmann::json &arguments);

  node_context &node_;
  read_service &reads_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// The blob stores of a node, for `status` and `blob-stores`.
nlohmann::json blob_stores_json(const blob_stores *stores);

} // namespace outsize::host
