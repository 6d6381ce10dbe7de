#include "kinds.hpp"
#include "state.hpp"

namespace outsize::wire {

template <class Message> void endpoint::state::send_control(link &which, const Message &message, std::uint64_t number) {
  push_control(which, seal_envelope(encode(message), Message::number, number));
}
template void endpoint::state::send_control(link &, const hello &, std::uint64_t);
template void endpoint::state::send_control(link &, const welcome &, std::uint64_t);
template void endpoint::state::send_control(link &, const ping &, std::uint64_t);
template void endpoint::state::send_control(link &, const pong &, std::uint64_t);
template void endpoint::state::send_control(link &, const credit &, std::uint64_t);
template void endpoint::state::send_control(link &, const withdraw &, std::uint64_t);
template void endpoint::state::send_control(link &, const failure &, std::uint64_t);

void endpoint::state::push_control(link &which, buffer header) {
  if (!which.out.push_control(std::move(header))) {
    misbehaved(which, make_error(code::overloaded, "the peer asks without reading what it is answered"));
    return;
  }
  settle(which);
}

void endpoint::state::settle(link &which) {
  for (outbox::failed_message &failed : which.out.take_failed()) {
    if (failed.is_request) {
      finish_request(which, failed.number, std::move(failed.why));
    } else if (failed.number != 0 && which.is_open()) {
      send_failure(which, failed.number, to_refusal(failed.why));
    }
  }
}

void endpoint::state::dispatch(link &which, incoming &&message) {
  if (which.phase == link_phase::greeting) {
    on_greeting(which, std::move(message));
  } else if (role_of(message.what) == kind_role::link) {
    on_link_message(which, std::move(message));
  } else {
    deliver(which, std::move(message));
  }
}

bool endpoint::state::check_allowed(link &which, kind what) {
  if (which.info.peer.role == peer_role::node || !is_between_nodes(what)) {
    return true;
  }
  misbehaved(which, make_error(code::malformed, "a " + std::string(name_of(what)) +
                                                    " came from a client; only nodes of the cluster may send it"));
  return false;
}

/// A whole message that is not the endpoint's own.
void endpoint::state::deliver(link &which, incoming &&message) {
  if (!check_allowed(which, message.what)) {
    return;
  }
  switch (role_of(message.what)) {
  case kind_role::request:
    on_request(which, std::move(message));
    return;
  case kind_role::answer:
    on_answer(which, std::move(message));
    return;
  case kind_role::one_way:
    handler.on_message(std::move(message));
    return;
  case kind_role::unknown:
    if (message.number != 0) {
      send_failure(which, message.number,
                   to_refusal(make_error(code::unsupported, "messages of kind " +
                                                                std::to_string(static_cast<unsigned>(message.what)) +
                                                                " are not known here")));
    }
    return;
  case kind_role::link:
    misbehaved(which, make_error(code::malformed, "a " + std::string(name_of(message.what)) + " came in parts"));
    return;
  }
}

void endpoint::state::on_link_message(link &which, incoming &&message) {
  switch (message.what) {
  case kind::ping:
    send_control(which, pong{}, message.number);
    return;
  case kind::pong:
    return; // that something came is all there is to it
  case kind::part:
    on_part(which, std::move(message));
    return;
  case kind::credit:
    on_credit(which, message);
    return;
  case kind::withdraw:
    on_withdraw(which, message);
    return;
  case kind::goodbye: {
    const result<goodbye> parted = decode<goodbye>(message.header);
    error why = parted ? to_error(parted->why) : parted.error();
    if (why.peer.empty()) {
      why.peer = which.info.peer.node.empty() ? which.info.address : which.info.peer.node;
    }
    end_link(which, why, parting::silent);
    return;
  }
  default:
    misbehaved(which, make_error(code::malformed, "a second " + std::string(name_of(message.what))));
  }
}

void endpoint::state::on_credit(link &which, const incoming &message) {
  const result<credit> given = decode<credit>(message.header);
  if (!given) {
    misbehaved(which, given.error());
  } else if (!which.out.give_credit(given->bytes)) {
    misbehaved(which, make_error(code::malformed,
                                 "credit of " + std::to_string(given->bytes) + " bytes for fewer that were sent"));
  } else {
    settle(which);
  }
}

/// The peer no longer waits: what is not sent stays here, and what is not answered will not be.
void endpoint::state::on_withdraw(link &which, const incoming &message) {
  const result<withdraw> withdrawn = decode<withdraw>(message.header);
  if (!withdrawn) {
    misbehaved(which, withdrawn.error());
    return;
  }
  which.serving.erase(withdrawn->message);
  which.out.take_back(withdrawn->message, false);
  settle(which);
}

result<void> endpoint::state::send(link_id to, outgoing message) {
  if (role_of(message.what) != kind_role::one_way) {
    return make_error(code::invalid_argument,
                      "a message of kind " + std::string(name_of(message.what)) + " cannot be sent without a question");
  }
  link *which = find_open(to);
  if (which == nullptr) {
    return make_error(code::link_down, "link " + std::to_string(to) + " is not open");
  }
  result<void> sent =
      which->out.push({0, false, seal_envelope(std::move(message.header), message.what, 0), std::move(message.payload)},
                      message.stream);
  settle(*which);
  return sent;
}

} // namespace outsize::wire
