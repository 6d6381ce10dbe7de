// The way of one large append from its client's node to its log's sequencer: on this node, or on another one, to which
// the pieces are passed on.
//
// Messages go in as they came from the client, except for `stream`: that is the one which open answered.
//
// Thread rule: the node's loop thread. Every callback is called at most once, possibly inside the call; not at all
// after abandon.
#pragma once

#include "host/node/append_service.hpp"
#include "host/node/context.hpp"
#include "host/node/log_keeper.hpp"

#include <outsize/buffer.hpp>
#include <outsize/result.hpp>
#include <outsize/wire/messages.hpp>

#include <functional>
#include <memory>
#include <string>

namespace outsize::host {

class large_append_route {
public:
  virtual ~large_append_route() = default;

  /// The node that pieces are passed on to; empty when the sequencer is on this one.
  [[nodiscard]] virtual const std::string &passed_on_to() const = 0;
  /// First and once. `client` names who asks, for credits.
  virtual void open(wire::open_append what, buffer record_header, wire::link_id client,
                    std::function<void(wire::append_opened)> then) = 0;
  virtual void add_piece(const wire::append_piece &what, rope bytes, std::function<void(wire::piece_taken)> then) = 0;
  virtual void finish(const wire::finish_append &what, std::function<void(wire::append_finished)> then) = 0;
  virtual void abandon(std::uint64_t stream) = 0;
};

/// A refusal before anything became visible.
wire::append_result refused_append(const std::string &log, const error &why);

/// Where the record goes. Errors: those of append_service::find_log; not_sequencer for one that was passed on already;
/// sequencer_unreachable. `node` and `logs` outlive the route.
result<std::shared_ptr<large_append_route>> find_large_append_route(const node_context &node, log_keeper &logs,
                                                                    const append_service &whole,
                                                                    const wire::open_append &what);

} // namespace outsize::host
