// What the services of one node share: who it is, its links, its metadata, the time of the present round.
//
// Thread rule: the node's loop thread. Everything pointed to outlives the services.
#pragma once

#include "host/chain/metadata_follower.hpp"
#include "host/link/peer_links.hpp"
#include "host/node/node.hpp"

#include <outsize/wire/endpoint.hpp>

#include <algorithm>
#include <string>

namespace outsize::host {

class blob_io;
class log_server;

/// Memory for large messages on their way in. Whatever was accepted under an older, higher limit must still come in:
/// the log server's budget says how large.
inline std::uint64_t assembly_bytes_max_of(const node_options &options) {
  const std::uint64_t two_messages = 2 * options.message_limit_bytes + 16 * wire::mib;
  return options.is_log_server ? std::max(two_messages, options.log_server_memory_bytes) : two_messages;
}

struct node_context {
  node_options options;
  generation_t generation = 0; ///< 0 until registered
  time_point now{};
  wire::endpoint *endpoint = nullptr;
  peer_links *links = nullptr;
  metadata_follower *metadata = nullptr;
  log_server *server = nullptr; ///< null when the node keeps no entries
  blob_io *blobs = nullptr;     ///< null when no blob store is configured

  [[nodiscard]] const cluster_view &view() const { return metadata->view(); }
  void log(int level, const std::string &line) const { options.log(level, line); }
};

/// The link and number of a request, without its bytes: what an answer needs.
struct asker {
  wire::link_id link = 0;
  std::uint64_t number = 0;
};

inline asker asker_of(const wire::incoming &request) {
  return {request.link, request.number};
}

/// Answers; a link that is gone by now is nobody's loss.
template <class Message>
void answer(const node_context &node, const asker &to, const Message &message, rope payload = {}) {
  node.endpoint->answer(to.link, to.number, wire::make_outgoing(message, std::move(payload)));
}
inline void answer_error(const node_context &node, const asker &to, const error &why) {
  node.endpoint->answer_failure(to.link, to.number, wire::to_refusal(why));
}

} // namespace outsize::host
