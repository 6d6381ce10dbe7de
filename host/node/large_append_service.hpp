// Large appends from clients: messages in, answers out. What they mean is append_streams' business.
//
// Thread rule: the node's loop thread.
#pragma once

#include "host/node/append_service.hpp"
#include "host/node/append_streams.hpp"
#include "host/node/context.hpp"
#include "host/node/log_keeper.hpp"

#include <outsize/wire/endpoint.hpp>

#include <string>

namespace outsize::host {

class large_append_service {
public:
  /// `node` has its options; all three outlive this object.
  large_append_service(node_context &node, log_keeper &logs, append_service &whole);

  /// Is the message one of these?
  [[nodiscard]] static bool takes(wire::kind what);
  /// A piece is larger than a part of a message: may the rest of it come?
  [[nodiscard]] wire::large_decision on_large(const wire::large_offer &offer);
  void on_message(wire::incoming &&request);

  void on_link_down(wire::link_id link) { streams_.on_link_down(link); }
  void on_store_link_down(const std::string &node) { streams_.on_node_down(node); }
  void begin_drain() { streams_.begin_drain(); }
  void on_time() { streams_.on_time(); }
  [[nodiscard]] time_point next_time() const { return streams_.next_time(); }
  [[nodiscard]] std::size_t in_flight() const { return streams_.in_flight(); }

private:
  void on_open(wire::incoming &&request);
  void on_piece(wire::incoming &&request);
  void on_finish(const wire::incoming &request);
  void on_abandon(const wire::incoming &message);
  template <class Message> auto answer_to(const wire::incoming &request) {
    return [this, to = asker_of(request)](const Message &outcome) { answer(node_, to, outcome); };
  }

  node_context &node_;
  append_streams streams_;
};

} // namespace outsize::host
