#include "state.hpp"

#include <algorithm>

namespace outsize::wire {
namespace {

std::string range_of(const hello &who) {
  return std::to_string(who.protocol_min) + " to " + std::to_string(who.protocol_max);
}

} // namespace

hello endpoint::state::self_on(const link &which) const {
  hello self = options.self;
  self.link = which.info.link;
  return self;
}

void endpoint::state::send_hello(link &which) {
  send_control(which, self_on(which), 0);
}

/// The first message of a link; anything but a hello or its answer ends it.
void endpoint::state::on_greeting(link &which, incoming &&message) {
  if (message.what == kind::goodbye) {
    on_link_message(which, std::move(message));
  } else if (!which.was_dialled() && message.what == kind::hello) {
    on_hello(which, message);
  } else if (which.was_dialled() && message.what == kind::welcome) {
    on_welcome(which, message);
  } else {
    misbehaved(which, make_error(code::hello_first,
                                 "a message of kind " + std::string(name_of(message.what)) + " came before the hello"));
  }
}

result<void> endpoint::state::check_peer(const hello &peer) const {
  if (peer.protocol_min > options.self.protocol_max || peer.protocol_max < options.self.protocol_min) {
    return make_error(code::protocol_mismatch,
                      "one side speaks protocol versions " + range_of(peer) + ", the other " + range_of(options.self));
  }
  if (peer.message_limit_bytes < message_limit_bytes_min) {
    return size_error(code::invalid_argument,
                      "a message limit of " + std::to_string(peer.message_limit_bytes) + " bytes is below the least, " +
                          std::to_string(message_limit_bytes_min),
                      peer.message_limit_bytes, message_limit_bytes_min);
  }
  if (peer.part_window_bytes != 0 && peer.part_window_bytes < part_window_bytes_min) {
    return size_error(code::invalid_argument,
                      "a part window of " + std::to_string(peer.part_window_bytes) +
                          " bytes is neither 0 nor at least " + std::to_string(part_window_bytes_min),
                      peer.part_window_bytes, part_window_bytes_min);
  }
  if (peer.node.size() > node_name_bytes_max) {
    return size_error(code::invalid_argument, "a node's name of " + std::to_string(peer.node.size()) + " bytes",
                      peer.node.size(), node_name_bytes_max);
  }
  return {};
}

void endpoint::state::on_hello(link &which, const incoming &message) {
  result<hello> peer = decode<hello>(message.header);
  if (!peer) {
    misbehaved(which, peer.error());
    return;
  }
  result<void> outcome = check_peer(*peer);
  if (outcome) {
    outcome = handler.on_hello(*peer, which.info.address);
  }
  if (which.phase != link_phase::greeting) {
    return;
  }
  if (!outcome) {
    misbehaved(which, outcome.error());
    return;
  }
  which.info.link = peer->link;
  welcome reply;
  static_cast<hello &>(reply) = self_on(which);
  reply.protocol_min = reply.protocol_max = std::min(peer->protocol_max, options.self.protocol_max);
  send_control(which, reply, message.number);
  if (which.phase == link_phase::greeting) {
    open_link(which, std::move(*peer));
  }
}

result<void> endpoint::state::check_welcome(const link &which, const welcome &peer) const {
  if (result<void> fits = check_peer(peer); !fits) {
    return fits;
  }
  if (peer.protocol_min != peer.protocol_max) {
    return make_error(code::malformed, "a welcome that does not choose a protocol version");
  }
  if (peer.link != which.info.link) {
    return make_error(code::malformed, "a welcome to a link of another class");
  }
  const auto wanted = dials.find(which.info.dial);
  const std::string &expected = wanted == dials.end() ? std::string() : wanted->second.how.expected_node;
  if (!expected.empty() && peer.node != expected) {
    return make_error(code::not_found, "node " + peer.node + " answers at " + which.info.address + ", not " + expected,
                      "correct the address of node " + expected);
  }
  return {};
}

void endpoint::state::on_welcome(link &which, const incoming &message) {
  result<welcome> peer = decode<welcome>(message.header);
  if (!peer) {
    misbehaved(which, peer.error());
    return;
  }
  result<void> outcome = check_welcome(which, *peer);
  if (outcome) {
    outcome = handler.on_hello(*peer, which.info.address);
  }
  if (which.phase != link_phase::greeting) {
    return;
  }
  if (!outcome) {
    misbehaved(which, outcome.error());
    return;
  }
  open_link(which, std::move(*peer));
}

void endpoint::state::open_link(link &which, hello peer) {
  which.info.limit_bytes = std::min(options.self.message_limit_bytes, peer.message_limit_bytes);
  if (result<void> lowered = which.through->handle->set_link_limit(which.raw, which.info.limit_bytes); !lowered) {
    end_link(which, lowered.error(), parting::with_goodbye);
    return;
  }
  which.out.set_limits({which.info.limit_bytes, peer.part_window_bytes, options.queue_bytes_max});
  which.info.peer = std::move(peer);
  which.phase = link_phase::open;
  which.opened_at = now;
  timers.cancel(which.phase_timer);
  unopened.erase(which.info.id);
  start_keepalive(which);
  handler.on_link_up(which.info);
}

} // namespace outsize::wire
